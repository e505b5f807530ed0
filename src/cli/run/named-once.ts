/** Words of the system in front of an address: `connect ECONNREFUSED 127.0.0.1:6379`. */
const ADDRESSED = /\b(connect E[A-Z]+) ([^\s,;)]+)/g;

/**
 * A message that was put together from several causes, with each of them, and each address, once:
 * `x cannot be reached: timed out: timed out` becomes `x cannot be reached: timed out`.
 */
export function namedOnce(message: string): string {
  return message.split('\n').map(lineNamedOnce).join('\n');
}

function lineNamedOnce(message: string): string {
  const parts = message.split(': ');
  const kept = parts.filter((part, at) => part === '' || parts.indexOf(part) === at);
  return kept.join(': ').replace(ADDRESSED, (text, fault: string, address: string, at: number) => {
    return message.slice(0, at).includes(address) ? fault : text;
  });
}
