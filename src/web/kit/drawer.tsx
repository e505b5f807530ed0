import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Mark } from './marks.js';

/** From this width on, the drawer lies beside the list; see page.css. */
const BESIDE = '(min-width: 75rem)';

interface DrawerProps {
  title: string;
  /** What the drawer is about: another subject of an open drawer moves nothing. */
  children: ComponentChildren;
  /** What is behind it, for the way back: `Jobs`. */
  back: string;
  onClose: () => void;
  previous?: DrawerStep | undefined;
  next?: DrawerStep | undefined;
}

interface DrawerStep {
  label: string;
  title: string;
  /** `undefined`: there is none. */
  go: (() => void) | undefined;
}

/**
 * Beside the list it is a part of the page, and takes no focus. Over the list it is a dialog: it takes the
 * focus and keeps it. Whoever opens it gives the focus back at `onClose`.
 */
export function Drawer({ title, children, back, onClose, previous, next }: DrawerProps) {
  const isOver = !useMedia(BESIDE);
  const drawer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOver) return;
    const outside = [...document.querySelectorAll<HTMLElement>('.top, .skip, .split > .page')];
    for (const element of outside) element.inert = true;
    document.documentElement.classList.add('held');
    drawer.current?.focus({ preventScroll: true });
    return () => {
      for (const element of outside) element.inert = false;
      document.documentElement.classList.remove('held');
    };
  }, [isOver]);
  return (
    <>
      {isOver && <div class="veil" onClick={onClose} />}
      <div
        class="drawer"
        ref={drawer}
        tabIndex={-1}
        role={isOver ? 'dialog' : 'complementary'}
        aria-modal={isOver ? 'true' : undefined}
        aria-labelledby="drawer-title"
      >
        <header>
          {isOver && (
            <button class="bare back" type="button" onClick={onClose}>
              ← {back}
            </button>
          )}
          <h2 id="drawer-title">{title}</h2>
          {previous !== undefined && <Step arrow="↑" {...previous} />}
          {next !== undefined && <Step arrow="↓" {...next} />}
          <button
            class="bare"
            type="button"
            aria-label="Close"
            title="Close (Esc)"
            onClick={onClose}
          >
            <Mark name="failed" />
          </button>
        </header>
        {children}
      </div>
    </>
  );
}

function Step({ arrow, label, title, go }: DrawerStep & { arrow: string }) {
  return (
    <button
      class="bare"
      type="button"
      aria-label={label}
      title={title}
      aria-disabled={go === undefined}
      onClick={go}
    >
      {arrow}
    </button>
  );
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = (): void => setMatches(list.matches);
    list.addEventListener('change', change);
    return () => list.removeEventListener('change', change);
  }, [query]);
  return matches;
}
