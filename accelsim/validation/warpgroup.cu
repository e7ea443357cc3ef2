// Matrix instructions of a warpgroup (sm_90a), alone and beside work of another warpgroup.
// One instruction multiplies 64 x 16 by 16 x 128 words of bf16: 262,144 FLOP, 64 cycles at full rate.
#define CHAINS 8

// Shared memory in rows of 128 bytes, swizzled; 8 rows are 1024 bytes apart.
__device__ __forceinline__ unsigned long long descriptor(unsigned at) {
  return ((unsigned long long)(at & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}

__device__ __forceinline__ void wgmma_shared(float (&d)[64], unsigned long long a, unsigned long long b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63 "
      "}, %64, %65, 1, 1, 1, 0, 0;"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
        "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
        "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
        "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),
        "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),
        "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
        "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),
        "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
      : "l"(a), "l"(b));
}

__device__ __forceinline__ void wgmma_registers(float (&d)[64], const unsigned (&a)[4], unsigned long long b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63 "
      "}, {%64, %65, %66, %67}, %68, 1, 1, 1, 0;"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
        "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
        "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
        "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),
        "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),
        "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
        "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),
        "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

__device__ __forceinline__ void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wait() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

__device__ __forceinline__ unsigned tiles() {
  __shared__ __align__(1024) unsigned words[12288];
  for (int i = threadIdx.x; i < 12288; i += blockDim.x)
    words[i] = 0x3f803f80u | ((i * 2654435761u) & 0x807f807fu);
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  return (unsigned)__cvta_generic_to_shared(words);
}

__device__ __forceinline__ float multiply(unsigned base, int repeats, bool from_registers) {
  float d[64];
#pragma unroll
  for (int j = 0; j < 64; ++j) d[j] = 0;
  unsigned a[4];
#pragma unroll
  for (int q = 0; q < 4; ++q) a[q] = 0x3f803f80u | ((threadIdx.x * 40503u + q) & 0x807f807fu);
  const unsigned rows = base + (threadIdx.x / 128 % 2) * 8192;
  for (int i = 0; i < repeats; ++i) {
    fence();
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) {
      const unsigned long long b = descriptor(base + 16384 + 32 * (j % 4));
      if (from_registers) wgmma_registers(d, a, b);
      else wgmma_shared(d, descriptor(rows + 32 * (j % 4)), b);
    }
    commit();
    wait();
  }
  float sum = 0;
#pragma unroll
  for (int j = 0; j < 64; ++j) sum += d[j];
  return sum;
}

// As many cycles of a pipe as the multiplication takes: 64 a chain.
__device__ __forceinline__ float exponentials(int repeats) {
  float x[CHAINS];
#pragma unroll
  for (int j = 0; j < CHAINS; ++j) x[j] = 1.0f + threadIdx.x * 1e-6f + j;
  for (int i = 0; i < repeats * 8; ++i)
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(x[j]));
  return x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7];
}

__device__ __forceinline__ float additions(int repeats) {
  float x[CHAINS];
#pragma unroll
  for (int j = 0; j < CHAINS; ++j) x[j] = 1.0f + threadIdx.x * 1e-6f + j;
  for (int i = 0; i < repeats * 64; ++i)
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) asm volatile("fma.rn.f32 %0, %0, %1, %1;" : "+f"(x[j]) : "f"(0.999f));
  return x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7];
}

__device__ __forceinline__ float maxima(int repeats) {
  float x[CHAINS];
#pragma unroll
  for (int j = 0; j < CHAINS; ++j) x[j] = 1.0f + threadIdx.x * 1e-6f + j;
  for (int i = 0; i < repeats * 32; ++i)
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) asm volatile("max.f32 %0, %0, %1;" : "+f"(x[j]) : "f"(0.5f));
  return x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7];
}

#define STORE(VALUE) { float value = VALUE; if (value == 12345.678f) out[0] = value; }

extern "C" __global__ void __launch_bounds__(384, 1) pipe_wgmma(float* out, int repeats) {
  STORE(multiply(tiles(), repeats, false))
}

extern "C" __global__ void __launch_bounds__(384, 1) pipe_wgmma_registers(float* out, int repeats) {
  STORE(multiply(tiles(), repeats, true))
}

// The first warpgroup multiplies; the others do something else meanwhile.
#define BESIDE(NAME, WORK)                                                            \
  extern "C" __global__ void __launch_bounds__(384, 1) pipe_##NAME(float* out, int repeats) { \
    const unsigned base = tiles();                                                    \
    if (threadIdx.x < 128) STORE(multiply(base, repeats, false))                      \
    else STORE(WORK(repeats))                                                         \
  }

BESIDE(wgmma_beside_ex2, exponentials)
BESIDE(wgmma_beside_fma, additions)
BESIDE(wgmma_beside_max, maxima)

// Every warpgroup in turn multiplies, waits, and exponentiates what came out: the warpgroups may
// overlap. 8 instructions and 64 exponentials a thread, with a subtraction each.
extern "C" __global__ void __launch_bounds__(384, 1) pipe_wgmma_then_ex2(float* out, int repeats) {
  const unsigned base = tiles();
  const unsigned rows = base + (threadIdx.x / 128 % 2) * 8192;
  float d[64];
#pragma unroll
  for (int j = 0; j < 64; ++j) d[j] = 0;
  for (int i = 0; i < repeats; ++i) {
    fence();
#pragma unroll
    for (int j = 0; j < CHAINS; ++j)
      wgmma_shared(d, descriptor(rows + 32 * (j % 4)), descriptor(base + 16384 + 32 * (j % 4)));
    commit();
    wait();
#pragma unroll
    for (int j = 0; j < 64; ++j) {
      float y = fmaf(d[j], 1e-3f, -1.0f);
      asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(y));
      d[j] = y;
    }
  }
  float sum = 0;
#pragma unroll
  for (int j = 0; j < 64; ++j) sum += d[j];
  STORE(sum)
}
