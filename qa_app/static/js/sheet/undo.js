// What was done last can be taken back: answers, evidence, notes.
const done = [];

/** Keep how to take an act back. */
export function remember(back) {
  done.push(back);
}

/** Take the last act back; false when there is none. */
export function undo() {
  const back = done.pop();
  back?.();
  return Boolean(back);
}
