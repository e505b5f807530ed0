import { Delayed } from '../kit/delayed.js';
import { Mark } from '../kit/marks.js';

export function Failed({ message }: { message: string }) {
  return (
    <p class="err" role="alert">
      <Mark name="failed" />
      <span>{message}.</span>
    </p>
  );
}

export function Loading() {
  return (
    <Delayed>
      <p class="note">Loading</p>
    </Delayed>
  );
}
