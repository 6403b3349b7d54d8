
"use strict";
const report = JSON.parse(document.getElementById("data").textContent);
const PAGE = 100, CARDS = 30, NODES = 60;
const MARKS = { broken: "✗", "at risk": "!", healthy: "✓", ignored: "–" };
const $ = (id) => document.getElementById(id);

// An element; text only ever becomes a text node.
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== ""));
  return made;
}
const named = (kind, namespace, name) => `${kind} ${namespace ? namespace + "/" : ""}${name}`;
const count = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
const cls = (verdict) => verdict.replace(" ", "-");

function head() {
  const found = Object.entries(report.counts).filter(([, n]) => n).map(([noun, n]) => count(n, noun));
  $("version").textContent = report.version + (report.base ? `, compared with ${report.base}` : "");
  $("headline").textContent = report.problems.length ? "Not everything could be checked"
    : found.length ? found.join(", ") : "Every object is configured, in every scenario";
  document.title = `${$("headline").textContent} – gitops-kong`;
  for (const [name, value] of report.facts) $("facts").append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  for (const [target, message] of report.problems)
    $("problems").append(el("li", { class: "card error" }, el("h3", {}, `${target} could not be checked`), el("p", {}, message)));
}

function causeLine([kind, namespace, name, message, place]) {
  return el("li", {}, `${named(kind, namespace, name)}: ${message} `, place && el("span", { class: "place" }, place));
}

function card(finding) {
  const members = el("ul", {}, ...finding.members.map(([ref, place]) =>
    el("li", {}, finding.count > 1 ? ref + " " : "", place && el("span", { class: "place" }, place))));
  if (finding.count > finding.members.length && finding.members.length)
    members.append(el("li", { class: "quiet" }, `and ${finding.count - finding.members.length} more`));
  const made = el("article", { class: `card ${finding.severity}${finding.existing ? " existing" : ""}` },
    el("h3", {}, finding.message),
    el("div", { class: "tags" }, ...[finding.severity, finding.rule, ...finding.targets,
      finding.existing && "was there before this change"].filter(Boolean).map((tag) => el("span", { class: "tag" }, tag))));
  if (finding.count > 3) made.append(el("details", {}, el("summary", {}, count(finding.count, "object")), members));
  else if (finding.members.length) made.append(members);
  if (finding.causes.length) made.append(el("ul", { class: "chain" }, ...finding.causes.map(causeLine)));
  if (finding.effects.length) made.append(el("ul", {}, ...finding.effects.map((effect) => el("li", {}, effect))));
  if (finding.help) made.append(el("p", { class: "quiet" }, "→ " + finding.help));
  return made;
}

let cards = 0;
function moreFindings() {
  const next = report.findings.slice(cards, cards + CARDS);
  $("findings").append(...next.map(card));
  cards += next.length;
  if (!report.findings.length) $("findings").append(el("p", { class: "quiet" }, "Nothing to report."));
  $("more").hidden = cards >= report.findings.length;
  $("more").textContent = `Show more (${report.findings.length - cards} left)`;
}

const targets = new Set(report.rows.map((row) => row.target));
for (const row of report.rows) {
  const causes = row.scenarios.filter(Boolean).flatMap(([, chain]) => report.chains[chain]);
  row.text = [row.kind, `${row.namespace}/${row.name}`, row.at, ...causes.map((c) => `${c[0]} ${c[1]}/${c[2]} ${c[3]}`)]
    .join(" ").toLowerCase();
}

const FILTERS = ["verdict", "kind", "namespace", "target"];
const state = { page: 0, rows: report.rows, open: new Set() };

function filters() {
  for (const name of FILTERS) {
    const tally = new Map();
    for (const row of report.rows) tally.set(row[name], (tally.get(row[name]) || 0) + 1);
    const values = name === "verdict" ? report.verdicts.filter((v) => tally.has(v)) : [...tally.keys()].sort();
    $(name).append(el("option", { value: "*" }, "all"),
      ...values.map((value) => el("option", { value: "=" + value }, `${value || "(cluster)"} (${tally.get(value)})`)));
    $(name).addEventListener("change", apply);
  }
  $("target").parentElement.hidden = targets.size < 2;
  $("search").addEventListener("input", apply);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
}

function apply() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = FILTERS.map((name) => [name, $(name).value]).filter(([, value]) => value !== "*");
  state.rows = report.rows.filter((row) => wanted.every(([name, value]) => "=" + row[name] === value) &&
    words.every((word) => row.text.includes(word)));
  state.page = 0;
  draw();
}

function outcome(pair) {
  if (!pair) return el("span", { class: "quiet" }, "–");
  const [verdict, text] = report.outcomes[pair[0]];
  return el("span", { class: `outcome ${cls(verdict)}` }, `${MARKS[verdict]} ${text}`);
}

function details(row) {
  const cell = el("td", { colspan: String(1 + report.scenarios.length) });
  const groups = new Map();
  row.scenarios.forEach((pair, i) => {
    if (!pair) return;
    const key = pair.join();
    groups.set(key, { pair, names: [...(groups.get(key)?.names || []), report.scenarios[i]] });
  });
  for (const { pair, names } of groups.values()) {
    const when = names.length === report.scenarios.length ? "every scenario" : names.join(", ");
    cell.append(el("p", {}, el("strong", {}, when + ": "), outcome(pair)));
    const causes = report.chains[pair[1]];
    if (causes.length) cell.append(el("ul", { class: "chain" }, ...causes.map(causeLine)));
  }
  return el("tr", { class: "more" }, cell);
}

function line(row) {
  const open = state.open.has(row);
  const button = el("button", { type: "button", class: "open", "aria-expanded": String(open) }, named(row.kind, row.namespace, row.name));
  button.addEventListener("click", () => {
    open ? state.open.delete(row) : state.open.add(row);
    const at = [...$("rows").querySelectorAll(".open")].indexOf(button);
    draw();
    $("rows").querySelectorAll(".open")[at].focus();
  });
  const about = [targets.size > 1 && row.target, row.change !== "unchanged" && row.change].filter(Boolean).join(", ");
  const made = el("tr", {}, el("td", {}, button, about && el("span", { class: "sub" }, about), el("span", { class: "sub place" }, row.at)),
    ...row.scenarios.map((pair, i) => el("td", { "data-scenario": report.scenarios[i] }, outcome(pair))));
  return open ? [made, details(row)] : [made];
}

function draw() {
  const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
  const start = state.page * PAGE;
  $("rows").replaceChildren(...state.rows.slice(start, start + PAGE).flatMap(line));
  $("shown").textContent = state.rows.length === report.rows.length ? count(report.rows.length, "object")
    : `${count(state.rows.length, "object")} of ${report.rows.length.toLocaleString("en")}`;
  $("pages").hidden = pages === 1;
  $("page").textContent = `Page ${state.page + 1} of ${pages}`;
  $("previous").disabled = state.page === 0;
  $("next").disabled = state.page >= pages - 1;
  if ($("causes").open) graph();
}

function turn(by) {
  state.page += by;
  draw();
  $("objects").scrollIntoView();
}

// The graph: what is wrong on the left, what follows from it to the right, along the chains of the shown objects.
function graph() {
  const nodes = new Map(), edges = new Map(), layer = new Map();
  const node = (key, label, verdict, row) => {
    if (!nodes.has(key)) nodes.set(key, { key, label, verdict, row });
    else if (row) Object.assign(nodes.get(key), { verdict, row });
  };
  let left = 0;
  for (const row of state.rows) {
    const seen = new Set(row.scenarios.filter(Boolean).map(([, chain]) => chain));
    for (const index of seen) {
      const causes = report.chains[index];
      if (!causes.length) continue;
      if (nodes.size >= NODES) { left += 1; break; }
      // Causes are what stands between ("it needs …"), then what is wrong, then further things that are wrong.
      const root = causes.findIndex((cause) => !cause[3].startsWith("it needs "));
      const chains = [causes.slice(0, root + 1 || causes.length), ...(root < 0 ? [] : causes.slice(root + 1).map((cause) => [cause]))];
      for (const chain of chains) {
        const steps = [[row.kind, row.namespace, row.name], ...chain].map(([kind, namespace, name]) => ({
          key: JSON.stringify([row.target, kind, namespace, name]),
          label: [targets.size > 1 ? `${kind} · ${row.target}` : kind, `${namespace ? namespace + "/" : ""}${name}`] }));
        const path = steps.filter((step, i) => !i || step.key !== steps[i - 1].key).reverse();
        path.forEach((step, i) => {
          const last = i === path.length - 1;
          node(step.key, step.label, last ? row.verdict : "broken", last ? row : undefined);
          layer.set(step.key, Math.max(layer.get(step.key) || 0, i));
          if (i) edges.set(path[i - 1].key + step.key, [path[i - 1].key, step.key]);
        });
      }
    }
  }
  $("graph-note").textContent = !nodes.size ? "None of the shown objects has a cause to draw."
    : left ? `${left} more objects are not drawn: narrow the filters.` : "What is wrong stands left; what follows from it, right. Choose an object to see it in the table.";
  const W = 250, H = 42, GX = 70, GY = 12, columns = [];
  for (const item of nodes.values()) (columns[layer.get(item.key)] ||= []).push(item);
  const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  columns.forEach((column, x) => {
    const wanted = (item) => {
      const from = [...edges.values()].filter(([, to]) => to === item.key).map(([source]) => nodes.get(source).y || 0);
      return from.length ? from.reduce((a, b) => a + b) / from.length : 0;
    };
    if (x) column.sort((a, b) => wanted(a) - wanted(b));
    column.forEach((item, y) => Object.assign(item, { x: 4 + x * (W + GX), y: 4 + y * (H + GY) }));
  });
  const height = 8 + Math.max(0, ...[...nodes.values()].map((item) => item.y + H));
  const root = svg("svg", { width: Math.max(0, columns.length * (W + GX) - GX + 8), height, role: "group" });
  const drawn = [...edges.values()].map(([from, to]) => {
    const a = nodes.get(from), b = nodes.get(to), x1 = a.x + W, y1 = a.y + H / 2, x2 = b.x, y2 = b.y + H / 2;
    const path = svg("path", { class: "edge", d: `M${x1},${y1} C${x1 + GX / 2},${y1} ${x2 - GX / 2},${y2} ${x2},${y2}` });
    return { from, to, path };
  });
  root.append(...drawn.map((edge) => edge.path));
  const clip = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
  for (const item of nodes.values()) {
    const full = item.label.join(" ");
    const made = svg("g", { class: `node ${cls(item.verdict)}`, tabindex: "0", role: "button", "aria-label": full, transform: `translate(${item.x},${item.y})` },
      svg("title", {}, full), svg("rect", { width: W, height: H, rx: 6 }),
      svg("text", { class: "small", x: 10, y: 16 }, item.label[0]), svg("text", { x: 10, y: 33 }, clip(item.label[1], 32)));
    const choose = () => {
      for (const name of FILTERS) $(name).value = "*";
      $("search").value = item.label[1];
      apply();
    };
    const light = (on) => drawn.filter((edge) => edge.from === item.key || edge.to === item.key)
      .forEach((edge) => edge.path.classList.toggle("hot", on));
    made.addEventListener("click", choose);
    made.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } });
    for (const type of ["mouseenter", "focus"]) made.addEventListener(type, () => light(true));
    for (const type of ["mouseleave", "blur"]) made.addEventListener(type, () => light(false));
    root.append(made);
  }
  $("graph").replaceChildren(root);
}

head();
moreFindings();
filters();
$("columns").append(...["object", ...report.scenarios].map((name) => el("th", { scope: "col" }, name)));
$("more").addEventListener("click", moreFindings);
$("previous").addEventListener("click", () => turn(-1));
$("next").addEventListener("click", () => turn(1));
$("causes").addEventListener("toggle", () => $("causes").open && graph());
$("causes").open = report.rows.some((row) => row.verdict === "broken");
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) { event.preventDefault(); $("search").focus(); }
});
draw();
