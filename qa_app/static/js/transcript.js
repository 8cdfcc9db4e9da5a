// The transcript beside a player: it follows the sound, and a word that is clicked is played.

/** Connect a transcript with its player: the word that sounds is marked and kept in sight. */
export function connectTranscript(transcript, section, player) {
  const list = transcript.querySelector("[data-turns]");
  if (!list) return;
  const follow = transcript.querySelector("[data-follow]");
  const turns = [...list.querySelectorAll(".hb-turn")].map((element) => ({
    element,
    start: Number(element.dataset.start),
    end: Number(element.dataset.end),
    words: [...element.querySelectorAll(".hb-word")],
  }));
  let here = null;
  let word = null;

  section.addEventListener("hearback:time", ({ detail: { ms } }) => {
    const turn = lastBegun(turns, ms);
    if (turn !== here) {
      here?.element.classList.remove("hb-here");
      here?.element.removeAttribute("aria-current");
      here = turn;
      here?.element.classList.add("hb-here");
      here?.element.setAttribute("aria-current", "true");
      if (here && follow?.checked) bringIntoSight(list, here.element);
    }
    const sounding = here?.words.find((each) => ms >= each.dataset.start && ms < each.dataset.end) ?? null;
    if (sounding !== word) {
      word?.classList.remove("hb-sounding");
      word = sounding;
      word?.classList.add("hb-sounding");
    }
  });

  list.addEventListener("click", (event) => {
    const clicked = event.target.closest(".hb-word");
    // A click that ends a selection means the selection.
    if (clicked && document.getSelection().isCollapsed) player.playFrom(Number(clicked.dataset.start));
  });
}

/**
 * Let ← and →, with Shift for more than one, select words of a transcript that has the focus: from
 * those that are selected on, else from the turn that sounds.
 */
function selectByKeys(list) {
  const words = [...list.querySelectorAll(".hb-word")];
  let anchor = 0;
  let head = -1;
  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || !words.length) return;
    event.preventDefault();
    const selected = wordsIn().map((word) => words.indexOf(word));
    if (!selected.length) head = words.indexOf(list.querySelector(".hb-here .hb-word")) - (step > 0 ? 1 : 0);
    else if (head !== selected[0] && head !== selected.at(-1)) [anchor, head] = [selected[0], selected.at(-1)];
    head = Math.min(words.length - 1, Math.max(0, head + step));
    if (!event.shiftKey || !selected.length) anchor = head;
    const [first, last] = [Math.min(anchor, head), Math.max(anchor, head)].map((number) => words[number]);
    document.getSelection().setBaseAndExtent(first, 0, last, last.childNodes.length);
    words[head].scrollIntoView({ block: "nearest" });
  });
}

for (const list of document.querySelectorAll("[data-turns]")) selectByKeys(list);

/** Return the turn that sounds, or the last one before the moment; turns are in order of start. */
function lastBegun(turns, ms) {
  let low = 0;
  let high = turns.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (turns[middle].start <= ms) low = middle + 1;
    else high = middle;
  }
  // Where two speak at once, the one that lasts longer is still there when the other has ended.
  for (let index = low - 1; index >= 0 && index > low - 4; index -= 1) {
    if (turns[index].end > ms) return turns[index];
  }
  return turns[low - 1] ?? null;
}

function bringIntoSight(list, turn) {
  // Only the list scrolls: a page that jumps under a person who writes would be unbearable.
  const top = turn.offsetTop - list.offsetTop;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  list.scrollTo({ top: Math.max(0, top - list.clientHeight / 3), behavior: calm ? "auto" : "smooth" });
}

/** Return the elements of the words that are selected in the transcript. */
export function wordsIn(root = document) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return [];
  const range = selection.getRangeAt(0);
  return [...root.querySelectorAll("[data-transcript] .hb-word")].filter((word) => range.intersectsNode(word) && !touchesOnly(range, word));
}

/** Return the words that are selected in the transcript, as {start_ms, end_ms, words}, or null. */
export function selectedWords(root = document) {
  const words = wordsIn(root);
  if (!words.length) return null;
  return {
    start_ms: Number(words[0].dataset.start),
    end_ms: Math.max(...words.map((word) => Number(word.dataset.end))),
    words: textOf(words),
  };
}

/** Return what elements of words say, without what stands between them for screen readers. */
export function textOf(words) {
  return [...words].map((word) => word.textContent).join("").trim();
}

/** Tell whether a range only touches a word's edge: a selection ends where the next word begins. */
function touchesOnly(range, word) {
  const inside = document.createRange();
  inside.selectNodeContents(word);
  return (
    range.compareBoundaryPoints(Range.END_TO_START, inside) >= 0 ||
    range.compareBoundaryPoints(Range.START_TO_END, inside) <= 0
  );
}
