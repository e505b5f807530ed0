import { signal } from '@preact/signals';

/** The time that relative times are told from. It moves each second, while somebody looks. */
export const now = signal(new Date());

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = new Date();
}, 1000);
document.addEventListener('visibilitychange', () => {
  now.value = new Date();
});
