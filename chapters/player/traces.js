// Recorded runs for the player: each file of chapters/traces under its name, as it stands there.
//
// A script rather than the files themselves: a page that was opened from a folder may load scripts, but no files. Made by
// `UPDATE=1 cargo test -p tidy --test player_runs`.
"use strict";

globalThis.recordedRuns = {
};
