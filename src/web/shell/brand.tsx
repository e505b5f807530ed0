export function BrandMark() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M0 0H9.6L5.4 16H0zM11.4 0H16V7.2H9.5zM9 9H16V16H7.2z" />
    </svg>
  );
}
