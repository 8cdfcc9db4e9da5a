"""From a recording to what was said in it: decoding, recognising, turns, peaks, playback copies."""
