// The data, and the few helpers that every part of the page is made with. Text only ever becomes a text node.
const report = JSON.parse(document.getElementById("data").textContent);
const MARKS = { broken: "✗", "at risk": "!", healthy: "✓", ignored: "–" };
const $ = (id) => document.getElementById(id);

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== "" && child !== undefined && child !== false));
  return made;
}
const named = (kind, namespace, name) => `${kind} ${namespace ? namespace + "/" : ""}${name}`;
const number = (n) => n.toLocaleString("en");
const count = (n, noun, many = noun + "s") => `${number(n)} ${n === 1 ? noun : many}`;
const cls = (verdict) => verdict.replace(" ", "-");
const unique = (values) => [...new Set(values)];
const keyOf = ({ target, kind, namespace, name }) => JSON.stringify([target, kind, namespace, name]);
const severalTargets = report.targets.length > 1;
const place = (text) => text && el("span", { class: "place" }, text);

// Details whose content is made when they are opened first.
function folded(summary, make, attributes = {}) {
  const made = el("details", attributes, el("summary", {}, summary));
  made.addEventListener("toggle", () => { if (made.open && made.children.length === 1) made.append(make()); });
  return made;
}

// Fills `parent` with `size` more of `all` at each press of `button`.
function byPortions(all, size, parent, button, make) {
  let shown = 0;
  const more = () => {
    const next = all.slice(shown, shown + size).map(make);
    parent.append(...next);
    shown += next.length;
    button.hidden = shown >= all.length;
    button.textContent = `Show more (${number(all.length - shown)} left)`;
    return next[0];
  };
  button.addEventListener("click", () => { const first = more(); first.tabIndex = -1; first.focus(); });
  more();
}

function causeLine([kind, namespace, name, message, at]) {
  return el("li", {}, el("b", {}, named(kind, namespace, name)), `: ${message} `, place(at));
}

function outcome(pair) {
  const [verdict, text] = report.outcomes[pair[0]];
  return el("span", { class: `outcome ${cls(verdict)}` }, el("span", { "aria-hidden": "true" }, MARKS[verdict] + " "),
    el("span", { class: "hidden" }, `${verdict}: `), text);
}
