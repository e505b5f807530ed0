import { isIPv4, isIPv6 } from 'node:net';

/**
 * Returns what failed logins are counted by: an IPv4 address, also where it is mapped into IPv6, or the /64 of
 * an IPv6 address with its zone. Whoever has one address of a /64 has all of them (RFC 6177). A text that is no
 * address counts as it is.
 */
export function clientGroup(address: string): string {
  if (isIPv4(address) || !isIPv6(address)) return address;
  const [text = '', zone] = address.split('%', 2);
  const groups = groupsOf(text);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return bytesOf(groups.slice(6)).join('.');
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64${zone === undefined ? '' : `%${zone}`}`;
}

/** The eight groups of 16 bits of a valid IPv6 address without a zone (RFC 4291, 2.2). */
function groupsOf(text: string): number[] {
  const [head = [], tail = []] = text.split('::').map(partOf);
  const left = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...left, ...tail];
}

function partOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function bytesOf(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}
