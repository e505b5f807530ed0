import { useComputed } from '@preact/signals';
import { agoText, utcText } from '../text/times.js';
import { now } from './clock.js';

/** `13 min ago`; its title is the time in UTC. */
export function Ago({ time }: { time: string }) {
  const then = new Date(time);
  // The text alone is drawn again, and only when it differs.
  const text = useComputed(() => agoText(then, now.value));
  return (
    <time dateTime={time} title={utcText(then)} key={time}>
      {text}
    </time>
  );
}

/** `2026-11-24 14:31:40 UTC` */
export function Utc({ time }: { time: string }) {
  const text = utcText(new Date(time));
  return (
    <time dateTime={time} title={text}>
      {text}
    </time>
  );
}
