// Stands in for the process that works on a shard: what it does is in the name of the bucket.
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (message.kind === 'job') begin(message.job);
  else if (behaviour !== 'deaf') process.exit();
});
let behaviour = '';
const done = { part: 'the part', objects: 3, bytes: 30 };

function begin({ range: { bucket } }) {
  behaviour = bucket;
  if (bucket === 'captures') {
    process.send({ kind: 'warning', line: 'a warning' });
    process.send({ kind: 'progress', objects: 3, bytes: 30 });
    process.send({ kind: 'done', done }, () => process.exit());
  }
  if (bucket === 'fails') {
    const failed = { code: 'access_denied', message: 'no', hint: 'ask' };
    process.send({ kind: 'failed', ...failed }, () => process.exit());
  }
  if (bucket === 'crashes') {
    process.send({ kind: 'nonsense' });
    process.stderr.write('FATAL ERROR: out of memory\n    at somewhere\n\nNode.js v20\n', () =>
      process.exit(7),
    );
  }
  if (bucket === 'lingers') {
    setInterval(() => undefined, 1000);
    process.send({ kind: 'done', done });
  }
  if (bucket === 'hangs' || bucket === 'deaf')
    process.send({ kind: 'progress', objects: 1, bytes: 1 });
}

process.send({ kind: 'ready' });
