// Straight code of INSTRUCTIONS products and sums, 16 bytes each, gone through `repeats` times:
// what fetching instructions takes once they exceed a cache. INSTRUCTIONS is set by microbenchmarks.py.
#define CHAINS 8

extern "C" __global__ void straight(float* out, int repeats) {
  float x[CHAINS];
#pragma unroll
  for (int j = 0; j < CHAINS; ++j) x[j] = 1.0f + threadIdx.x * 1e-6f + j;
#pragma unroll 1
  for (int i = 0; i < repeats; ++i) {
#pragma unroll
    for (int j = 0; j < INSTRUCTIONS; ++j)
      asm volatile("fma.rn.f32 %0, %0, %1, %1;" : "+f"(x[j % CHAINS]) : "f"(0.999f));
  }
  float sum = 0;
#pragma unroll
  for (int j = 0; j < CHAINS; ++j) sum += x[j];
  if (sum == 12345.678f) out[0] = sum;
}
