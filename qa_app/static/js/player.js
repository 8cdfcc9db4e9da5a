// The player of a recording: one <audio> element, its picture, keys, and the transcript beside it.
//
// Without this script (or before the picture is made) the browser's own controls are there.
// Other scripts: import { playerOn, selectedWords } from "./player.js"; "hearback:time" with detail.ms
// tells where the sound is; "hearback:go" with detail.ms, and play, asks it to be elsewhere.
import "./player/find.js";
import { start } from "./player/playback.js";

export { playerOn } from "./player/playback.js";
export { selectedWords } from "./transcript.js";

for (const section of document.querySelectorAll("[data-player]")) start(section);
