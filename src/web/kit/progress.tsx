import type { ComponentChildren } from 'preact';
import { percentText } from '../text/numbers.js';

/** A bar with its figure; `null`: running, but nobody knows how far. */
export function Progress({
  value,
  label,
  children,
}: {
  value: number | null;
  label: string;
  children?: ComponentChildren;
}) {
  return (
    <span class="prog">
      <span class="n">{value === null ? '–' : percentText(value)}</span>
      <ProgressBar value={value} label={label} />
      {children}
    </span>
  );
}

export function ProgressBar({ value, label }: { value: number | null; label: string }) {
  return value === null ? (
    <progress aria-label={`${label}: unknown`} />
  ) : (
    <progress max={100} value={Math.min(100, Math.max(0, value))} aria-label={label} />
  );
}
