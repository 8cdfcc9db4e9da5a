// Keys of the page on which hits are confirmed: each element with data-key is pressed by its key.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.matches?.("textarea, select, input:not([type=checkbox])")) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  if (!target) return;
  event.preventDefault();
  target.click();
});
