// Shows what belongs to the chosen kind of file only.
const form = document.querySelector("[data-imports]");

function choose() {
  const kind = form.querySelector("input[name=kind]:checked")?.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
}

form.addEventListener("change", choose);
choose();
