// Runs before the page is painted: "auto" follows the system, now and when it changes. Paper is
// white: a dark page is printed in light colours, and is dark again afterwards.
const root = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function paint() {
  const chosen = root.dataset.theme === "auto" ? (dark.matches ? "dark" : "light") : root.dataset.theme;
  root.setAttribute("data-bs-theme", printing ? "light" : chosen);
}

function onPaper(now) {
  printing = now;
  paint();
}

dark.addEventListener("change", paint);
window.addEventListener("beforeprint", () => onPaper(true));
window.addEventListener("afterprint", () => onPaper(false));
paint();
