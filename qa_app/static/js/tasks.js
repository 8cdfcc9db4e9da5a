// One box ticks all others of its form.

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all]");
  if (!all) return;
  for (const box of all.form.querySelectorAll('[name="task"]')) box.checked = all.checked;
});
