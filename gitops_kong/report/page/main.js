// Draws the page, in its order from top to bottom.
head();
scenarioCards();
findings();
changes();
prepareRows();
filters();
$("columns").append(...["object", ...report.scenarios].map((name) => el("th", { scope: "col" }, name)));
$("previous").addEventListener("click", () => turn(-1));
$("next").addEventListener("click", () => turn(1));
$("causes").addEventListener("toggle", () => $("causes").open && graph());
$("causes").hidden = !report.rows.some((row) => row.scenarios.some(([, chain]) => report.chains[chain].length));
$("causes").open = report.rows.some((row) => row.verdict === "broken");
$("objects").hidden = $("keys").hidden = !report.rows.length;
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); }
  if (event.key === "Escape" && (!typing || event.target.closest("#filters"))) clearFilters();
});
draw();
targetNotes();
