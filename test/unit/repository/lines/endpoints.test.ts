import { describe, expect, it } from 'vitest';
import {
  displayServer,
  isSameServer,
  serverOf,
} from '../../../../src/repository/lines/endpoints.js';

describe('two endpoints', () => {
  it.each([
    ['http://localhost:9000', 'http://127.0.0.1:9000'],
    ['http://[::1]:9000', 'http://LOCALHOST:9000/'],
    ['http://minio.example.com', 'http://MinIO.example.com:80'],
    ['https://minio.example.com', 'https://minio.example.com:443'],
    ['minio.example.com:9000', 'http://minio.example.com:9000'],
    // TLS was turned on.
    ['http://minio.example.com:9000', 'https://minio.example.com:9000'],
  ])('%s and %s are one server', (a, b) => {
    expect(isSameServer(a, b)).toBe(true);
  });

  it.each([
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9001'],
    ['http://minio.example.com', 'https://minio.example.com'],
    ['http://a.example.com', 'http://b.example.com'],
    ['http://localhost:9000', 'http://localhost.example.com:9000'],
    ['http://localhost', 'http://localhost:9000'],
  ])('%s and %s are two', (a, b) => {
    expect(isSameServer(a, b)).toBe(false);
  });

  it('that are no URLs are themselves, and nothing throws', () => {
    expect(serverOf('http://[:')).toBe('http://[:');
    expect(serverOf('')).toBe('');
  });
});

describe('a server', () => {
  it.each([
    ['http://minio.example.com:9000', 'minio.example.com:9000'],
    ['http://minio.example.com', 'minio.example.com'],
    ['https://minio.example.com', 'minio.example.com'],
    ['http://minio.example.com:8443', 'minio.example.com:8443'],
  ])('%s is shown as %s', (endpoint, shown) => {
    expect(displayServer(serverOf(endpoint))).toBe(shown);
  });
});
