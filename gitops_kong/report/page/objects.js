// The objects: filters, the table with its four scenarios side by side, what a row unfolds to.
const PAGE = 100, HOSTS = 500;
const FILTERS = ["verdict", "kind", "namespace", "target", "change"];
const rowsByKey = new Map(report.rows.map((row) => [keyOf(row), row]));
const state = { page: 0, rows: report.rows, open: new Set() };

function prepareRows() {
  for (const row of report.rows) {
    const causes = unique(row.scenarios.map(([, chain]) => chain)).flatMap((chain) => report.chains[chain]);
    row.text = [row.kind, `${row.namespace}/${row.name}`, row.at, ...row.hosts, ...causes.map((c) => `${c[0]} ${c[1]}/${c[2]} ${c[3]}`)]
      .join(" ").toLowerCase();
  }
}

function filters() {
  for (const name of FILTERS) {
    const tally = new Map();
    for (const row of report.rows) tally.set(row[name], (tally.get(row[name]) || 0) + 1);
    const values = name === "verdict" ? report.verdicts.filter((v) => tally.has(v)) : [...tally.keys()].sort();
    $(name).append(el("option", { value: "*" }, "all"),
      ...values.map((value) => el("option", { value: "=" + value }, `${value || "(cluster)"} (${number(tally.get(value))})`)));
    $(name).addEventListener("change", apply);
    $(name).parentElement.hidden = values.length < 2;
  }
  const hosts = unique(report.rows.flatMap((row) => row.hosts)).sort();
  $("host").parentElement.hidden = !hosts.length;
  $("hosts").append(...hosts.slice(0, HOSTS).map((host) => el("option", { value: host })));
  for (const name of ["search", "host"]) $(name).addEventListener("input", apply);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", () => { clearFilters(); $("search").focus(); });
}

function clearFilters(search = "") {
  for (const name of FILTERS) $(name).value = "*";
  $("host").value = "";
  $("search").value = search;
  apply();
}

function apply() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const host = $("host").value.trim().toLowerCase();
  const wanted = FILTERS.map((name) => [name, $(name).value]).filter(([, value]) => value !== "*");
  state.rows = report.rows.filter((row) => wanted.every(([name, value]) => "=" + row[name] === value) &&
    (!host || row.hosts.some((each) => each.toLowerCase().includes(host))) && words.every((word) => row.text.includes(word)));
  state.page = 0;
  draw();
}

// Neighbouring scenarios with the same outcome, as [pair, names].
function spans(row) {
  const found = [];
  row.scenarios.forEach((pair, i) => {
    const last = found[found.length - 1];
    if (last && last.pair.join() === pair.join()) last.names.push(report.scenarios[i]);
    else found.push({ pair, names: [report.scenarios[i]] });
  });
  return found;
}
const when = (names) => (names.length === report.scenarios.length ? "every scenario" : names.join(", "));

function details(row) {
  const cell = el("td", { colspan: String(1 + report.scenarios.length) });
  const groups = new Map();
  for (const { pair, names } of spans(row)) {
    const known = groups.get(pair.join());
    known ? known.names.push(...names) : groups.set(pair.join(), { pair, names: [...names] });
  }
  for (const { pair, names } of groups.values()) {
    cell.append(el("p", {}, el("span", { class: "when" }, when(names)), outcome(pair)));
    const causes = report.chains[pair[1]];
    if (causes.length) cell.append(el("ul", { class: "chain" }, ...causes.map(causeLine)));
  }
  if (row.hosts.length) cell.append(el("p", { class: "quiet" }, `Hosts: ${row.hosts.join(", ")}`));
  const change = changesByKey.get(keyOf(row));
  if (change) cell.append(entities(change));
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
  const about = [severalTargets && row.target, row.controller, row.change !== "unchanged" && row.change].filter(Boolean).join(", ");
  const made = el("tr", {}, el("th", { scope: "row" }, button, about && el("span", { class: "sub" }, about), el("span", { class: "sub place" }, row.at)),
    ...spans(row).map(({ pair, names }) => el("td", { colspan: String(names.length), "data-scenario": when(names) }, outcome(pair))));
  return open ? [made, details(row)] : [made];
}

function draw() {
  const pages = Math.max(1, Math.ceil(state.rows.length / PAGE));
  const start = state.page * PAGE;
  const filtered = state.rows.length !== report.rows.length;
  $("rows").replaceChildren(...state.rows.slice(start, start + PAGE).flatMap(line));
  $("shown").textContent = filtered ? `${number(state.rows.length)} of ${count(report.rows.length, "object")}` : count(report.rows.length, "object");
  $("clear").hidden = !filtered;
  $("rows").parentElement.hidden = !state.rows.length;
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
