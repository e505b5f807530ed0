import { KEY_SHAPES, keysOf } from '../helpers/key-shapes.js';
import { type Planned, planShards } from '../helpers/plan-shards.js';
import type { Row } from './measurements.js';

const KEYS = 1_000_000;
const RANGES = 64;

/** Keys of many shapes, none of which an earlier backup holds; the store is nothing but a listing in memory. */
export async function measurePlanning(): Promise<Row[]> {
  const plans: (Planned & { name: string })[] = [];
  for (const [name, shape] of Object.entries(KEY_SHAPES)) {
    const plan = await planShards(keysOf(shape, KEYS), RANGES);
    plans.push({ name, ...plan });
    const { largest, largestInTheEnd, requests, splits, requestsOfASplit, worstPart } = plan;
    const numbers = [largest, largestInTheEnd, worstPart].map((value) => value.toFixed(2));
    const [cut, end, part] = numbers;
    console.log(
      `${name}: ${requests} requests, largest ${cut} ×; ${splits} splits of up to ${requestsOfASplit} requests, largest ${end} ×, worst split ${part}`,
    );
  }
  const most = (of: (plan: Planned) => number) => Math.max(...plans.map(of));
  const middle = (of: (plan: Planned) => number) =>
    plans.map(of).sort((a, b) => a - b)[plans.length >>> 1] ?? 0;
  const what = `planning 1,000,000 keys, ${RANGES} ranges, ${plans.length} shapes of keys`;
  const requests = ({ requests }: Planned) => requests;
  const largest = ({ largest }: Planned) => largest;
  return [
    {
      what: `${what}: the largest range : the mean, after splits`,
      value: `${most(({ largestInTheEnd }) => largestInTheEnd).toFixed(2)} ×`,
      bound: '≤ 2',
    },
    {
      what: 'the same, before splits (median, worst)',
      value: `${middle(largest).toFixed(2)} ×, ${most(largest).toFixed(2)} ×`,
      bound: '',
    },
    {
      what: 'listed pages to cut (median, most)',
      value: `${middle(requests)}, ${most(requests)}`,
      bound: '',
    },
    {
      what: 'splits (median, most), and listed pages of one at most',
      value: `${middle(({ splits }) => splits)}, ${most(({ splits }) => splits)}, ${most(({ requestsOfASplit }) => requestsOfASplit)}`,
      bound: '',
    },
  ];
}
