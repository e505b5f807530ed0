import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** What loads faster than this shows no skeleton: it would only flicker. */
const SKELETON_AFTER_MS = 300;

/** Shows its children after 300 ms. */
export function Delayed({ children }: { children: ComponentChildren }) {
  return <>{useDue(true) ? children : null}</>;
}

/** Whether something has been loading for 300 ms. */
export function useDue(isLoading: boolean): boolean {
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    setDue(false);
    if (!isLoading) return;
    const timer = setTimeout(() => setDue(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isLoading]);
  return isLoading && isDue;
}

/** A grey bar where a text will be. */
export function Bar({ short = false }: { short?: boolean }) {
  return <span class={short ? 'sk s' : 'sk'} />;
}
