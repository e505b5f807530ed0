import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Way {
  /** The `data-opens` of what opens it. */
  opener: string;
  /** The id of what gets the focus if that is not on the page. */
  otherwise: string;
}

/**
 * When a part of the page is closed that has the focus, what opened it gets the focus back. A focus that is
 * elsewhere stays there.
 */
export function useGiveBack(part: RefObject<HTMLElement | null>, way: Way): void {
  const last = useRef(way);
  last.current = way;
  useEffect(
    () => () => {
      const { activeElement, body } = document;
      const isHere = activeElement === body || part.current?.contains(activeElement) === true;
      if (!isHere) return;
      const { opener, otherwise } = last.current;
      const openers = [...document.querySelectorAll<HTMLElement>('[data-opens]')];
      const target = openers.find(({ dataset }) => dataset.opens === opener);
      (target ?? document.getElementById(otherwise))?.focus();
    },
    [],
  );
}
