// An order that is changed by dragging, by arrows, or by Alt with ↑ and ↓, and saved at once. Without
// this script the arrows send the form.
const form = document.querySelector("[data-order]");
const list = document.querySelector("[data-order-list]");
const says = document.querySelector("[data-order-says]");
let dragged = null;

const items = () => [...list.querySelectorAll("[data-order-item]")];

async function save(item) {
  items().forEach((one, place) => (one.querySelector("[data-place]").textContent = place + 1));
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  for (const one of items()) body.append("item", one.dataset.orderItem);
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  const words = answer?.ok ? form.dataset.sayMoved : form.dataset.sayFailed;
  says.textContent = words.replace("{what}", item.dataset.name).replace("{place}", items().indexOf(item) + 1);
}

function move(item, by) {
  const all = items();
  const place = all.indexOf(item) + by;
  if (place < 0 || place >= all.length) return false;
  if (by < 0) all[place].before(item);
  else all[place].after(item);
  save(item);
  return true;
}

if (form && list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    move(button.closest("[data-order-item]"), Number(button.dataset.move));
    button.focus();
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const item = event.target.closest("[data-order-item]");
    if (!by || !event.altKey || !item) return;
    event.preventDefault();
    const focused = document.activeElement;
    move(item, by);
    focused.focus();
  });
  list.addEventListener("dragstart", (event) => {
    // A field in an item is for its text, not for dragging.
    if (event.target.closest("input")) return;
    dragged = event.target.closest("[data-order-item]");
    dragged?.classList.add("hb-dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-order-item]");
    if (!dragged || !over) return;
    event.preventDefault();
    if (over === dragged) return;
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("hb-dragged");
    save(dragged);
    dragged = null;
  });
}
