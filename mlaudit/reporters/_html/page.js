// Findings open where a link leads to them, and before printing; "/" leads to the search.
const openTarget = () => {
  const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target || target.tagName !== "DETAILS") return;
  target.hidden = false;
  target.open = true;
  target.querySelector("summary").focus();
};
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.finding, details.pair.s-error, details.pair.s-warning").forEach((element) => { element.open = true; });
});
openTarget();
