// The head of the page, the scenarios side by side, and the findings.
const SCENARIO_TEXTS = {
  rollout: "The change reaches a running controller and gateway.",
  "controller-restart": "… then the controller restarts with an empty memory.",
  "gateway-restart": "… then a gateway pod starts empty.",
  "cold-start": "Controller and gateway start from nothing.",
};

function head() {
  const found = Object.entries(report.counts).filter(([, n]) => n).map(([noun, n]) => count(n, noun));
  const nothing = !report.targets.length && !report.problems.length;
  const state = report.problems.length || nothing ? "unknown" : report.exit ? "failed" : found.length ? "noted" : "passed";
  const title = report.problems.length ? "Not everything could be checked"
    : nothing ? "Nothing was found to check"
    : found.length ? found.join(", ") : "Every object is configured, in every scenario";
  const [worse, routes] = report.worse;
  const objects = report.targets.reduce((sum, [, n]) => sum + n, 0);
  const checked = `${count(objects, "object")} in ${count(report.targets.length, "target")} checked`;
  $("version").textContent = report.version;
  $("base").textContent = report.base ? `compared with ${report.base}` : "compared with an empty cluster";
  $("hero").className = `hero ${state}`;
  $("mark").textContent = { unknown: "?", failed: "✗", noted: "!", passed: "✓" }[state];
  $("headline").textContent = title;
  $("subline").textContent = nothing ? "No manifests, kustomizations, charts or Applications were found here." : worse
    ? `The change makes ${count(worse, "object")} worse, ${number(routes)} of them ${routes === 1 ? "a route" : "routes"}. ${checked}.` : `${checked}.`;
  document.title = `${title} – gitops-kong`;
  for (const each of report.controllers) {
    const facts = [["Controller", `${each.name ? each.name + " " : ""}${each.version} (${each.source})`],
      ["FallbackConfiguration", each.fallback ? "on" : "off"], ["Gateway", each.gateway], ["Router", each.router]];
    $("controllers").append(el("dl", {}, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))));
  }
  for (const [target, message] of report.problems)
    $("problems").append(el("li", { class: "card error" }, el("h2", {}, `${target} could not be checked`), el("p", {}, message)));
}

function scenarioCards() {
  $("scenarios").hidden = !report.rows.length;
  report.scenarios.forEach((scenario, i) => {
    const tally = new Map();
    for (const row of report.rows) {
      const verdict = report.outcomes[row.scenarios[i][0]][0];
      tally.set(verdict, (tally.get(verdict) || 0) + 1);
    }
    const parts = report.verdicts.filter((verdict) => tally.has(verdict));
    const bar = el("div", { class: "meter", "aria-hidden": "true" });
    for (const verdict of parts) {
      const part = el("span", { class: cls(verdict) });
      part.style.flexGrow = tally.get(verdict);
      bar.append(part);
    }
    $("scenario-cards").append(el("li", { class: "card" }, el("h3", {}, scenario), el("p", { class: "quiet" }, SCENARIO_TEXTS[scenario]), bar,
      el("p", { class: "tally" }, ...parts.map((verdict) => el("span", { class: `text-${cls(verdict)}` }, `${MARKS[verdict]} ${number(tally.get(verdict))} ${verdict}`)))));
  });
}

// `rollout, cold-start: left out` with the scenarios set apart.
function effect(text) {
  const [, when, what] = /^([a-z, -]+): (.*)$/s.exec(text) || [];
  const known = when && (when === "every scenario" || when.split(", ").every((name) => name in SCENARIO_TEXTS));
  return known ? el("li", {}, el("span", { class: "when" }, when), what) : el("li", {}, text);
}

function findingCard(finding) {
  const members = finding.members.map(([ref, at]) => el("li", {}, finding.count > 1 && ref + " ", place(at)));
  if (finding.count > members.length && members.length)
    members.push(el("li", { class: "quiet" }, `and ${number(finding.count - members.length)} more`));
  const tags = [["severity", finding.severity], ["", finding.rule], ...finding.targets.map((target) => ["", target]),
    ["", finding.caughtBy && `caught by ${finding.caughtBy}`], ["", finding.existing && "was there before this change"]];
  return el("article", { class: `card ${finding.severity}${finding.existing ? " existing" : ""}` },
    el("h3", {}, finding.message),
    el("p", { class: "tags" }, ...tags.filter(([, text]) => text).map(([name, text]) => el("span", { class: `tag ${name}` }, text))),
    finding.count > 3 ? folded(count(finding.count, "object"), () => el("ul", {}, ...members)) : members.length > 0 && el("ul", {}, ...members),
    finding.causes.length > 0 && el("ul", { class: "chain" }, ...finding.causes.map(causeLine)),
    finding.effects.length > 0 && el("ul", { class: "effects" }, ...finding.effects.map(effect)),
    finding.help && el("p", { class: "help" }, finding.help));
}

function findings() {
  $("findings-section").hidden = !report.targets.length && !report.findings.length;
  if (report.findings.length) byPortions(report.findings, 30, $("findings"), $("more-findings"), findingCard);
  else $("findings").append(el("p", { class: "quiet" }, report.problems.length ? "None in what could be checked." : "Nothing to report."));
  const lines = ([rule, message, how, reason, at]) => el("li", {}, el("b", {}, rule), ` ${message}, by ${how} `, place(at), reason && ` (${reason})`);
  if (report.suppressed.length)
    $("suppressed").append(folded(`${count(report.suppressed.length, "finding")} suppressed`, () => el("ul", {}, ...report.suppressed.map(lines))));
}

// What the tool assumed, and what an operator would see.
function targetNotes() {
  for (const [name, , signs, assumptions] of report.targets) {
    for (const [title, texts] of [["What you would see in the cluster", signs], ["Assumed", assumptions]]) {
      if (!texts.length) continue;
      const label = severalTargets ? `${title}: ${name}` : title;
      $("targets").append(folded(label, () => el("ul", {}, ...texts.map((text) => el("li", {}, text))), { class: "card" }));
      $("targets-section").hidden = false;
    }
  }
}
