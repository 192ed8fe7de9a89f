// The filters of the pairs; what they search is read from the page when it is first needed.
const byId = (id) => document.getElementById(id);
const filters = byId("filters");
const list = byId("list");
const pairs = [...list.children];
const findings = [...document.querySelectorAll("details.finding[id^='f']")];
const lower = (text) => text.toLocaleLowerCase("en");
const checked = (name) => new Set([...filters.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value));
const globs = (text) => {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  const patterns = parts.map((part) => part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, "."));
  return parts.length ? new RegExp(`^(?:${patterns.join("|")})$`, "i") : null;
};

let texts = null;
const severityOf = (element) => (element.className.match(/\bs-(error|warning|info)\b/) || [, "none"])[1];
const rowText = (row) => ({
  element: row,
  package: row.dataset.p,
  severity: severityOf(row),
  findings: (row.dataset.f || "").split(" ").filter(Boolean).map(Number),
  text: lower(row.textContent),
});
const pairText = (element) => {
  const agree = element.querySelector("details.agree p");
  return {
    element,
    names: [".writer", ".reader"].map((name) => element.querySelector(name).textContent),
    head: lower(element.querySelector("summary").textContent),
    rows: [...element.querySelectorAll("tbody tr")].map(rowText),
    agreeing: agree ? agree.textContent.split(", ") : [],
  };
};
const findingText = (element) => ({
  element,
  packages: element.dataset.p.split("\n"),
  environments: element.dataset.e.split("\n"),
  severity: element.dataset.s,
  text: lower(element.textContent),
  // Without the names and places of other environments, by which a search would pass every pair.
  message: lower([...element.querySelectorAll("strong, :scope > p:not(.others)")].map((part) => part.textContent).join(" ")),
});
const read = () => {
  texts = texts || { pairs: pairs.map(pairText), findings: findings.map(findingText) };
  return texts;
};

const wanted = () => {
  const words = lower(byId("search").value).split(/\s+/).filter(Boolean);
  return {
    package: globs(byId("package").value),
    environment: globs(byId("environment").value),
    severity: checked("severity"),
    agree: checked("agree").size > 0,
    words,
    // For each word, the numbers of the findings whose text has it.
    said: words.map((word) => new Set(read().findings.flatMap((one, number) => (one.message.includes(word) ? [number] : [])))),
  };
};
const rowPasses = (row, head, want) =>
  (!want.package || want.package.test(row.package)) &&
  want.severity.has(row.severity) &&
  want.words.every((word, at) => row.text.includes(word) || head.includes(word) || row.findings.some((number) => want.said[at].has(number)));
const agreePasses = (text, head, want) =>
  (!want.package || want.package.test(text.split(" ", 1)[0])) &&
  want.words.every((word) => lower(text).includes(word) || head.includes(word));
const headPasses = (pair, want) =>
  !want.package && want.severity.has(severityOf(pair.element)) && want.words.every((word) => pair.head.includes(word));
const showPair = (pair, want) => {
  let rows = 0;
  for (const row of pair.rows) {
    const passes = rowPasses(row, pair.head, want);
    row.element.hidden = !passes;
    rows += passes;
  }
  const agrees = want.agree && pair.agreeing.some((text) => agreePasses(text, pair.head, want));
  const named = !want.environment || pair.names.some((name) => want.environment.test(name));
  const passes = named && (rows > 0 || agrees || headPasses(pair, want));
  const agreeing = pair.element.querySelector("details.agree");
  if (agreeing) agreeing.open = want.agree;
  pair.element.hidden = !passes;
  return passes;
};
const findingPasses = (finding, want) =>
  (!want.package || finding.packages.some((name) => want.package.test(name))) &&
  (!want.environment || finding.environments.some((name) => want.environment.test(name))) &&
  want.severity.has(finding.severity) &&
  want.words.every((word) => finding.text.includes(word));

const showCount = (visible) => { byId("count").textContent = `${visible} of ${pairs.length} pairs`; };
const apply = () => {
  const { pairs: all, findings: every } = read();
  const want = wanted();
  let visible = 0;
  all.forEach((pair) => { visible += showPair(pair, want); });
  every.forEach((finding) => { finding.element.hidden = !findingPasses(finding, want); });
  const columns = checked("column");
  ["at", "apart", "codes"].forEach((name) => list.classList.toggle(`without-${name}`, !columns.has(name)));
  byId("nothing").hidden = visible > 0;
  showCount(visible);
};

// Arrow keys move from pair to pair, whatever is open between them; every pair is in the tab order, too.
const move = (event) => {
  if (!/^(ArrowUp|ArrowDown|Home|End)$/.test(event.key) || event.target.parentElement.parentElement !== list) return;
  const shown = pairs.filter((pair) => !pair.hidden);
  const at = shown.indexOf(event.target.parentElement);
  const next = { ArrowUp: shown[at - 1], ArrowDown: shown[at + 1], Home: shown[0], End: shown[shown.length - 1] }[event.key];
  event.preventDefault();
  if (next) next.querySelector("summary").focus();
};
const openAll = (open) => pairs.forEach((pair) => { if (!pair.hidden) pair.open = open; });

const menu = byId("narrow");
menu.hidden = false;
menu.open = matchMedia("(min-width: 40rem)").matches;
filters.addEventListener("input", apply);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", () => setTimeout(apply));
byId("open-all").addEventListener("click", () => openAll(true));
byId("close-all").addEventListener("click", () => openAll(false));
list.addEventListener("keydown", move);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  menu.open = true;
  byId("search").focus();
});
showCount(pairs.length);
