// The graph of causes: what is wrong on the left, what follows from it to the right, along the chains of the shown objects.
const NODES = 60;
const BOX = { height: 42, gapY: 12, margin: 4, ...(matchMedia("(max-width: 760px)").matches
  ? { width: 170, gapX: 36, letters: 21 } : { width: 250, gapX: 70, letters: 32 }) };

function causeGraph(rows) {
  const nodes = new Map(), edges = new Map();
  let left = 0;
  const node = (key, label, verdict, layer) => {
    const known = nodes.get(key);
    if (known) known.layer = Math.max(known.layer, layer);
    else nodes.set(key, { key, label, verdict, layer });
  };
  for (const row of rows) {
    const chains = unique(row.scenarios.map(([, chain]) => chain)).filter((chain) => report.chains[chain].length);
    if (!chains.length) continue;
    if (nodes.size >= NODES) { left += 1; continue; }
    for (const causes of chains.map((chain) => report.chains[chain])) {
      // Causes are what stands between ("it needs …"), then what is wrong, then further things that are wrong.
      const root = causes.findIndex((cause) => !cause[3].startsWith("it needs "));
      const paths = [causes.slice(0, root + 1 || causes.length), ...(root < 0 ? [] : causes.slice(root + 1).map((cause) => [cause]))];
      for (const path of paths) {
        const steps = [[row.kind, row.namespace, row.name], ...path].map(([kind, namespace, name]) => ({
          key: keyOf({ target: row.target, kind, namespace, name }),
          label: [severalTargets ? `${kind} · ${row.target}` : kind, `${namespace ? namespace + "/" : ""}${name}`] }));
        const chain = steps.filter((step, i) => !i || step.key !== steps[i - 1].key).reverse();
        chain.forEach((step, i) => {
          node(step.key, step.label, rowsByKey.get(step.key)?.verdict || "broken", i);
          if (i) edges.set(chain[i - 1].key + step.key, { from: chain[i - 1].key, to: step.key });
        });
      }
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], left };
}

// Columns by distance from the cause; in a column, each node near the mean of those that lead to it.
function arrange({ nodes, edges }) {
  const byKey = new Map(nodes.map((item) => [item.key, item]));
  const into = new Map();
  for (const edge of edges) into.set(edge.to, [...(into.get(edge.to) || []), edge.from]);
  const columns = [];
  for (const item of nodes) (columns[item.layer] ||= []).push(item);
  columns.forEach((column, x) => {
    const wanted = (item) => {
      const from = (into.get(item.key) || []).map((key) => byKey.get(key).y || 0);
      return from.length ? from.reduce((a, b) => a + b) / from.length : 0;
    };
    if (x) column.sort((a, b) => wanted(a) - wanted(b));
    column.forEach((item, row) => {
      item.row = row;
      item.x = BOX.margin + x * (BOX.width + BOX.gapX);
      item.y = BOX.margin + row * (BOX.height + BOX.gapY);
    });
  });
  return { columns, byKey };
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const clip = (text) => (text.length > BOX.letters ? text.slice(0, BOX.letters - 1) + "…" : text);

function drawNode(item) {
  const full = item.label.join(" ");
  return svg("g", { class: `node ${cls(item.verdict)}`, tabindex: "-1", role: "button", "aria-label": `${full}, ${item.verdict}`, transform: `translate(${item.x},${item.y})` },
    svg("title", {}, full), svg("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
    svg("text", { class: "small", x: 10, y: 16 }, clip(item.label[0])), svg("text", { x: 10, y: 33 }, clip(item.label[1])));
}

function drawEdge({ from, to }, byKey) {
  const a = byKey.get(from), b = byKey.get(to), bend = BOX.gapX / 2;
  const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + BOX.height / 2, b.x, b.y + BOX.height / 2];
  return svg("path", { class: "edge", d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}` });
}

function graph() {
  const found = causeGraph(state.rows);
  const { columns, byKey } = arrange(found);
  $("graph-note").textContent = !found.nodes.length ? "None of the shown objects has a cause to draw."
    : found.left ? `${count(found.left, "more object is", "more objects are")} not drawn: narrow the filters.`
      : "What is wrong stands left; what follows from it, right. Choose an object to see it in the table.";
  const drawn = found.edges.map((edge) => ({ ...edge, path: drawEdge(edge, byKey) }));
  for (const item of found.nodes) {
    item.made = drawNode(item);
    const choose = () => clearFilters(item.label[1]);
    const light = (on) => drawn.filter((edge) => edge.from === item.key || edge.to === item.key)
      .forEach((edge) => edge.path.classList.toggle("hot", on));
    item.made.addEventListener("click", choose);
    item.made.addEventListener("keydown", (event) => {
      const go = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Enter" || event.key === " ") choose();
      else if (go) {
        const column = columns[item.layer + go[0]];
        const next = column && column[go[0] ? Math.min(item.row, column.length - 1) : item.row + go[1]];
        if (next) { item.made.tabIndex = -1; next.made.tabIndex = 0; next.made.focus(); }
      } else return;
      event.preventDefault();
    });
    for (const type of ["mouseenter", "focus"]) item.made.addEventListener(type, () => light(true));
    for (const type of ["mouseleave", "blur"]) item.made.addEventListener(type, () => light(false));
  }
  if (found.nodes.length) columns.find(Boolean)[0].made.setAttribute("tabindex", "0"); // one stop for Tab; arrows move on
  const width = columns.length * (BOX.width + BOX.gapX) - BOX.gapX + 2 * BOX.margin;
  const height = Math.max(0, ...found.nodes.map((item) => item.y + BOX.height)) + BOX.margin;
  $("graph").replaceChildren(...(found.nodes.length
    ? [svg("svg", { width, height, role: "group" }, ...drawn.map((edge) => edge.path), ...found.nodes.map((item) => item.made))] : []));
}
