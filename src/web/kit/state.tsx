import type { ComponentChildren } from 'preact';
import { Mark, type MarkName } from './marks.js';

/** What is shown in the place of rows: nothing yet, nothing that matches, no rights, not found. */
export function State({
  mark,
  kind = '',
  title,
  children,
}: {
  mark: MarkName;
  kind?: string;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="state">
      <h2 class={`st ${kind}`}>
        <Mark name={mark} />
        {title}
      </h2>
      {children}
    </div>
  );
}
