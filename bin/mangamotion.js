#!/usr/bin/env sh
':' //; exec node -- "$0" "$@"
// A shell reads the line above, so that Node.js gets `--` first: Node.js 20 takes an --env-file of ours for
// one of its own, wherever it stands, and ends with 9 where there is none.
import '../dist/cli/main.js';
