// Keys of the search page: / goes to the field, arrows go through what was found, Enter opens it.
const field = document.querySelector("[data-search] [name=q]");
const hits = () => [...document.querySelectorAll("[data-found] [data-hit]")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const writes = event.target.matches?.("textarea, select, input");
  if (event.key === "/" && !writes) {
    event.preventDefault();
    field.focus();
    field.select();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || (writes && event.target !== field)) return;
  const all = hits();
  const next = all.indexOf(document.activeElement) + step;
  if (!all.length || (event.target !== field && !all.includes(event.target))) return;
  event.preventDefault();
  (next < 0 ? field : all[Math.min(next, all.length - 1)]).focus();
});
