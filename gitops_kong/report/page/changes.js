// What Kong is given for each route before and after the change.
const LONG = 8; // fields of an entity that is new or gone, beyond which the rest is folded
const changesByKey = new Map(report.changes.flatMap((change) => change.targets.map((target) => [keyOf({ ...change, target }), change])));

function fieldLines([path, before, after]) {
  const line = (sign, name, value) => el("div", { class: name }, el("span", { class: "sign" }, sign), `${path}: ${value}`);
  return [before !== null && line("−", "was", before), after !== null && line("+", "is", after)].filter(Boolean);
}

function entityBlock([entity, name, madeFrom, change, fields]) {
  const many = change !== "modified" && fields.length > LONG + 1;
  const lines = (some) => some.flatMap(fieldLines);
  return el("section", { class: "entity" },
    el("p", { class: "title" }, el("span", { class: "tag" }, change), ` ${entity} `, el("code", {}, name), madeFrom && el("span", { class: "quiet" }, ` from ${madeFrom}`)),
    el("div", { class: "diff" }, ...lines(many ? fields.slice(0, LONG) : fields)),
    many && folded(count(fields.length - LONG, "more field"), () => el("div", { class: "diff" }, ...lines(fields.slice(LONG)))));
}

const entities = (change) => el("div", { class: "entities" }, ...change.entities.map(entityBlock));

function changeCard(change) {
  const rows = change.targets.map((target) => rowsByKey.get(keyOf({ ...change, target }))).filter(Boolean);
  const first = new Map(rows.map(({ scenarios: [pair] }) => [pair[0], pair])); // what becomes of it in the first scenario
  const title = [el("b", {}, named(change.kind, change.namespace, change.name)), " ",
    ...[change.change, ...(severalTargets ? change.targets : [])].map((text) => el("span", { class: "tag" }, text)), " ",
    ...[...first.values()].map(outcome)];
  const made = folded("", () => entities(change), { class: "card change" });
  made.firstChild.append(...title);
  return made;
}

function changes() {
  if (!report.changes.length) return;
  $("changes-section").hidden = false;
  const cut = report.changed - report.changes.length;
  $("changes-note").textContent = `What the controller makes of the manifests before and after, and what becomes of it in ${report.scenarios[0]}. `
    + `Values of Secrets are shown as ***.${cut ? ` ${number(cut)} more are not shown.` : ""}`;
  byPortions(report.changes, 50, $("changes"), $("more-changes"), changeCard);
  if (report.changes.length <= 3) for (const made of $("changes").children) made.open = true;
}
