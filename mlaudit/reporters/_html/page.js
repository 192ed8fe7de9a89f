"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const grid = byId("grid");
  const filters = byId("filters");
  const panel = byId("panel");
  const severities = ["error", "warning", "info", "none"];
  const sheet = document.styleSheets[0];
  const findings = [...document.querySelectorAll("details.finding[id^='f']")];
  const lines = grid ? [...grid.tBodies[0].rows] : [];
  let hiddenColumns = -1;

  const made = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const checked = (name) => new Set([...filters.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value));
  const lower = (text) => text.toLocaleLowerCase("en");

  // What a row or a finding may be searched by; read once, since the page does not change.
  const findingText = findings.map((element) => lower(element.textContent));
  const rowText = lines.map((line, at) => [lower(line.textContent), ...data.rows[at].f.map((number) => findingText[number])].join(" "));

  const globs = (text) => {
    const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
    const spelled = parts.map((part) => part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, "."));
    return parts.length ? new RegExp(`^(?:${spelled.join("|")})$`, "i") : null;
  };

  // The environments left out change what the worst of a row is.
  const seen = (environments, shown) => environments.length === 0 || environments.some((number) => shown.has(number));
  const worstVerdict = (row, shown) => {
    const found = row.c.filter(([writer, reader]) => shown.has(writer) && shown.has(reader)).map(([, , verdict]) => verdict);
    return found.length ? Math.min(...found) : data.verdicts.indexOf("aligned");
  };
  const worstSeverity = (row, shown) => {
    const found = row.f.filter((number) => seen(data.findings[number].e, shown)).map((number) => severities.indexOf(data.findings[number].s));
    return severities[found.length ? Math.min(...found) : 3];
  };

  const wanted = () => ({
    severity: checked("severity"),
    verdict: checked("verdict"),
    shown: new Set([...checked("environment")].map(Number)),
    pattern: globs(byId("package").value),
    words: lower(byId("search").value).split(/\s+/).filter(Boolean),
  });
  const rowPasses = (row, text, want) =>
    (!want.pattern || want.pattern.test(row.p)) &&
    want.severity.has(worstSeverity(row, want.shown)) &&
    want.verdict.has(data.verdicts[worstVerdict(row, want.shown)]) &&
    want.words.every((word) => text.includes(word));
  const findingPasses = (finding, text, want) =>
    (!want.pattern || finding.p.some((name) => want.pattern.test(name))) &&
    want.severity.has(finding.s) &&
    seen(finding.e, want.shown) &&
    want.words.every((word) => text.includes(word));

  const showColumns = (shown) => {
    if (hiddenColumns >= 0) sheet.deleteRule(hiddenColumns);
    hiddenColumns = -1;
    const away = data.environments.map((_, number) => number).filter((number) => !shown.has(number));
    if (!away.length || !grid) return;
    const selector = away.map((number) => `#grid tr > :nth-child(${number + 2})`).join(",");
    hiddenColumns = sheet.insertRule(`${selector} { display: none !important; }`, sheet.cssRules.length);
  };

  const apply = () => {
    const want = wanted();
    showColumns(want.shown);
    let visible = 0;
    lines.forEach((line, at) => {
      const passes = rowPasses(data.rows[at], rowText[at], want);
      line.hidden = !passes;
      visible += passes;
    });
    findings.forEach((element, at) => { element.hidden = !findingPasses(data.findings[at], findingText[at], want); });
    byId("count").textContent = `${visible} of ${lines.length} packages`;
    byId("nothing").hidden = visible > 0;
    byId("environments-shown").textContent = `${want.shown.size} of ${data.environments.length}`;
  };

  // One cell takes part in the tab order; the arrow keys move within the grid (WAI-ARIA grid pattern).
  let current = null;
  const activate = (cell, focus) => {
    if (!cell) return;
    if (current) current.removeAttribute("tabindex");
    current = cell;
    current.tabIndex = 0;
    if (focus) current.focus();
  };
  const step = (line, forward) => {
    let next = line;
    do { next = forward ? next.nextElementSibling : next.previousElementSibling; } while (next && next.hidden);
    return next;
  };
  const seenCells = (line) => [...line.cells].filter((cell) => cell.offsetParent !== null);
  const neighbour = (cell, key) => {
    const line = cell.parentElement;
    const cells = seenCells(line);
    const at = cells.indexOf(cell);
    if (key === "ArrowRight") return cells[at + 1];
    if (key === "ArrowLeft") return cells[at - 1];
    if (key === "Home") return cells[0];
    if (key === "End") return cells[cells.length - 1];
    const next = step(line, key === "ArrowDown");
    if (!next) return null;
    return next.cells[cell.cellIndex].offsetParent !== null ? next.cells[cell.cellIndex] : next.cells[0];
  };

  const place = ([path, line, column]) => [data.paths[path], line, column].filter((part) => part !== null && part !== undefined).join(":");
  const fact = (list, name, text, code) => {
    if (!text) return;
    const value = made("dd");
    value.append(code ? made("code", text) : text);
    list.append(made("dt", name), value);
  };
  const shownIn = (line, number) => line.cells[number + 1].firstChild.textContent;
  const comparisons = (row, line, number) => {
    const list = made("ul", undefined, "plain");
    row.c.filter(([writer, reader]) => number < 0 || writer === number || reader === number).forEach(([writer, reader, verdict, apart]) => {
      const said = `${data.environments[writer]} ${shownIn(line, writer)} → ${data.environments[reader]} ${shownIn(line, reader)}`;
      list.append(made("li", `${said}: ${data.verdicts[verdict]}${apart ? ` (${apart})` : ""}`));
    });
    return list;
  };
  const facts = (row, line, number) => {
    const list = made("dl");
    const cell = row.d[number];
    fact(list, "version", shownIn(line, number), true);
    fact(list, "stated by", cell.l);
    fact(list, "variant", cell.b, true);
    Object.entries(cell.y || {}).forEach(([python, statement]) => fact(list, `on Python ${python}`, statement, true));
    (cell.p || []).forEach((at, index) => fact(list, index ? "and" : "place", place(at), true));
    return list;
  };
  const open = (cell) => {
    const line = cell.parentElement;
    const row = data.rows[lines.indexOf(line)];
    const number = cell.cellIndex - 1;
    const body = byId("panel-body");
    const about = row.f.filter((index) => number < 0 || seen(data.findings[index].e, new Set([number])));
    body.replaceChildren(made("h2", number < 0 ? row.p : `${row.p} in ${data.environments[number]}`));
    if (number >= 0) body.append(facts(row, line, number));
    body.append(made("h3", about.length ? "Findings" : "No findings"));
    about.forEach((index) => {
      const copy = findings[index].cloneNode(true);
      copy.removeAttribute("id");
      copy.hidden = false;
      copy.open = true;
      body.append(copy);
    });
    const compared = comparisons(row, line, number);
    if (compared.children.length) body.append(made("h3", "Compared"), compared);
    panel.showModal();
    panel.scrollTop = 0;
  };

  const wireGrid = () => {
    activate(lines.length ? lines[0].cells[0] : null, false);
    grid.addEventListener("click", (event) => {
      const cell = event.target.closest("tbody td, tbody th");
      if (!cell) return;
      activate(cell, true);
      open(cell);
    });
    grid.addEventListener("keydown", (event) => {
      const cell = event.target.closest("tbody td, tbody th");
      if (!cell) return;
      if (event.key === "Enter" || event.key === " ") open(cell);
      else if (/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) activate(neighbour(cell, event.key), true);
      else return;
      event.preventDefault();
    });
    panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
    panel.addEventListener("close", () => { if (current) current.focus(); });
    byId("close").addEventListener("click", () => panel.close());
  };
  const wireFilters = () => {
    filters.hidden = false;
    filters.addEventListener("input", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(apply));
    byId("every").addEventListener("click", () => choose(true));
    byId("no-one").addEventListener("click", () => choose(false));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || panel.open || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      byId("search").focus();
    });
    document.addEventListener("click", (event) => {
      document.querySelectorAll(".menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    });
  };
  const choose = (all) => {
    filters.querySelectorAll("input[name='environment']").forEach((box) => { box.checked = all; });
    apply();
  };

  addEventListener("beforeprint", () => findings.forEach((element) => { element.open = true; }));
  if (!grid) return;
  wireGrid();
  wireFilters();
  apply();
})();
