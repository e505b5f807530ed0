import { Mark } from './marks.js';

/** What is not in order, a line each. */
export function Notes({ texts }: { texts: readonly string[] }) {
  return (
    <>
      {texts.map((text) => (
        <p class="note" key={text}>
          <span class="near">
            <Mark name="warn" />
          </span>{' '}
          {text}
        </p>
      ))}
    </>
  );
}
