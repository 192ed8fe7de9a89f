// The search narrows the list of the map to the nodes whose text has every word of it.
const narrow = document.getElementById("map-narrow");
const search = document.getElementById("map-search");
const nodes = [...document.querySelectorAll("#map details.node")];
const texts = nodes.map((node) => node.textContent.toLowerCase());
const filter = () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  nodes.forEach((node, number) => {
    node.hidden = !words.every((word) => texts[number].includes(word));
    if (!node.hidden) shown += 1;
  });
  document.getElementById("map-count").textContent = words.length ? `${shown} of ${nodes.length}` : "";
};
search.addEventListener("input", filter);
narrow.hidden = false;
