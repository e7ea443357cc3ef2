// What single pipes and paths of a GPU can do; timed by microbenchmarks.py, which counts the work.
// Every thread keeps CHAINS independent dependence chains, so that latency is hidden where it can be.
#define CHAINS 8

__device__ __forceinline__ float seed() { return 1.0f + threadIdx.x * 1e-6f; }

#define PIPE(NAME, BODY)                                                      \
  extern "C" __global__ void pipe_##NAME(float* out, int repeats) {                  \
    float x[CHAINS];                                                          \
    _Pragma("unroll") for (int j = 0; j < CHAINS; ++j) x[j] = seed() + j;     \
    for (int i = 0; i < repeats; ++i) {                                       \
      _Pragma("unroll") for (int j = 0; j < CHAINS; ++j) { BODY; }            \
    }                                                                         \
    float sum = 0;                                                            \
    _Pragma("unroll") for (int j = 0; j < CHAINS; ++j) sum += x[j];           \
    if (sum == 12345.678f) out[0] = sum;                                      \
  }

PIPE(fma, asm volatile("fma.rn.f32 %0, %0, %1, %1;" : "+f"(x[j]) : "f"(0.999f)))
PIPE(mul, asm volatile("mul.rn.f32 %0, %0, %1;" : "+f"(x[j]) : "f"(0.999f)))
PIPE(add, asm volatile("add.rn.f32 %0, %0, %1;" : "+f"(x[j]) : "f"(0.001f)))
PIPE(maximum, asm volatile("max.f32 %0, %0, %1;" : "+f"(x[j]) : "f"(0.5f)))
PIPE(ex2, asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(x[j])))
PIPE(shuffle, x[j] = __shfl_xor_sync(0xffffffffu, x[j], 1))
PIPE(convert, {
  unsigned packed;
  asm volatile("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(x[j]), "f"(x[j]));
  x[j] = __uint_as_float(packed);
})
PIPE(integer, {
  int whole = __float_as_int(x[j]);
  asm volatile("mad.lo.s32 %0, %0, %1, %1;" : "+r"(whole) : "r"(i));
  x[j] = __int_as_float(whole);
})

__device__ __forceinline__ void mma16816(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},"
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Random-looking operands in [1, 2), so that the multipliers switch.
__device__ __forceinline__ unsigned operand(int i) {
  unsigned bits = (threadIdx.x * 2654435761u + i * 40503u) & 0x007f007fu;
  return 0x3f803f80u | bits;
}

extern "C" __global__ void pipe_mma(float* out, int repeats) {
  unsigned a[4], b[2];
  for (int q = 0; q < 4; ++q) a[q] = operand(q);
  for (int q = 0; q < 2; ++q) b[q] = operand(7 + q);
  float c[CHAINS][4] = {};
  for (int i = 0; i < repeats; ++i) {
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) mma16816(c[j], a, b);
  }
  float sum = 0;
  for (int j = 0; j < CHAINS; ++j) sum += c[j][0] + c[j][3];
  if (sum == 12345.678f) out[0] = sum;
}

extern "C" __global__ void pipe_mma_chain(float* out, int repeats) {
  unsigned a[4], b[2];
  for (int q = 0; q < 4; ++q) a[q] = operand(q);
  for (int q = 0; q < 2; ++q) b[q] = operand(7 + q);
  float c[4] = {};
  for (int i = 0; i < repeats * CHAINS; ++i) mma16816(c, a, b);
  if (c[0] == 12345.678f) out[0] = c[1];
}

extern "C" __global__ void pipe_ex2_chain(float* out, int repeats) {
  float x = seed();
  for (int i = 0; i < repeats * CHAINS; ++i) asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(x));
  if (x == 12345.678f) out[0] = x;
}

extern "C" __global__ void pipe_shuffle_chain(float* out, int repeats) {
  float x = seed();
  for (int i = 0; i < repeats * CHAINS; ++i) x = __shfl_xor_sync(0xffffffffu, x, 1);
  if (x == 12345.678f) out[0] = x;
}

extern "C" __global__ void pipe_fma_chain(float* out, int repeats) {
  float x = seed();
  for (int i = 0; i < repeats * CHAINS; ++i) asm volatile("fma.rn.f32 %0, %0, %1, %1;" : "+f"(x) : "f"(0.999f));
  if (x == 12345.678f) out[0] = x;
}

extern "C" __global__ void pipe_barrier(float* out, int repeats) {
  for (int i = 0; i < repeats * CHAINS; ++i) __syncthreads();
  if (repeats < 0) out[0] = 1;
}

// One after the other in every warp: 64 matrix instructions, then 64 exponentials with what goes
// with them, each phase needing the one before. Several warps may overlap their phases.
extern "C" __global__ void pipe_phases(float* out, int repeats) {
  unsigned a[4], b[2];
  for (int q = 0; q < 4; ++q) a[q] = operand(q);
  for (int q = 0; q < 2; ++q) b[q] = operand(7 + q);
  float c[16][4] = {};
  for (int i = 0; i < repeats; ++i) {
#pragma unroll
    for (int k = 0; k < 4; ++k)
#pragma unroll
      for (int j = 0; j < 16; ++j) mma16816(c[j], a, b);
    float largest = c[0][0];
#pragma unroll
    for (int j = 0; j < 16; ++j)
      for (int q = 0; q < 4; ++q) largest = fmaxf(largest, c[j][q]);
    largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, 2));
#pragma unroll
    for (int j = 0; j < 16; ++j)
      for (int q = 0; q < 4; ++q) {
        float y = fmaf(c[j][q], 1e-3f, -largest);
        asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(y));
        c[j][q] = y;
      }
    asm volatile("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(a[0]) : "f"(c[0][0]), "f"(c[15][3]));
  }
  float sum = 0;
  for (int j = 0; j < 16; ++j) sum += c[j][0] + c[j][3];
  if (sum == 12345.678f) out[0] = sum;
}

// 16 bytes a thread a read, without bank conflicts; addresses move, or nothing would be read again.
extern "C" __global__ void pipe_shared_read(float* out, int repeats) {
  __shared__ float4 tile[1024];
  tile[threadIdx.x] = make_float4(seed(), 0, 0, 0);
  __syncthreads();
  unsigned at = (unsigned)__cvta_generic_to_shared(&tile[threadIdx.x]);
  float x[4] = {};
  for (int i = 0; i < repeats; ++i) {
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) {
      float r[4];
      asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
                   : "=f"(r[0]), "=f"(r[1]), "=f"(r[2]), "=f"(r[3]) : "r"(at ^ (((i + j) & 7) << 4)));
      x[j % 4] += r[j % 4];
    }
  }
  if (x[0] + x[1] + x[2] + x[3] == 12345.678f) out[0] = x[0];
}

// Four 8 x 8 matrices of 16-bit words (512 B) a warp a read.
extern "C" __global__ void pipe_load_matrix(float* out, int repeats) {
  __shared__ float4 tile[1024];
  tile[threadIdx.x] = make_float4(seed(), 0, 0, 0);
  __syncthreads();
  unsigned at = (unsigned)__cvta_generic_to_shared(&tile[threadIdx.x]);
  unsigned sum = 0;
  for (int i = 0; i < repeats; ++i) {
#pragma unroll
    for (int j = 0; j < CHAINS; ++j) {
      unsigned r[4];
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at ^ (((i + j) & 7) << 4)));
      sum ^= r[j % 4];
    }
  }
  if (sum == 0x12345678u) out[0] = 1;
}

extern "C" __global__ void empty(float* out, int repeats) {
  if (repeats < 0) out[0] = 1;
}

// Every thread has four 16-byte reads under way; together they read the buffer once.
extern "C" __global__ void stream_read(const float4* data, float* out, int vectors) {
  const int step = gridDim.x * blockDim.x;
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  float sum = 0;
  for (; i + 3 * step < vectors; i += 4 * step) {
    float4 r[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) r[j] = __ldcg(data + i + j * step);
#pragma unroll
    for (int j = 0; j < 4; ++j) sum += r[j].x + r[j].y + r[j].z + r[j].w;
  }
  for (; i < vectors; i += step) sum += __ldcg(data + i).x;
  if (sum == 12345.678f) out[0] = sum;
}

// Picks runs of `words` 16-byte words out of `runs`, `stride` runs apart: far, or one after the other.
__device__ long long picked_word(long long i, int words, int runs, int stride) {
  const unsigned long long run = (unsigned long long)(i / words) * stride % runs;
  return run * words + i % words;
}

extern "C" __global__ void gather(const float4* data, float* out, int words, int runs, int picked,
                                  int stride) {
  const long long step = gridDim.x * blockDim.x, last = (long long)picked * words;
  float sum = 0;
  for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i + 3 * step < last; i += 4 * step) {
    float4 r[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) r[j] = __ldcg(data + picked_word(i + j * step, words, runs, stride));
#pragma unroll
    for (int j = 0; j < 4; ++j) sum += r[j].x + r[j].y + r[j].z + r[j].w;
  }
  if (sum == 12345.678f) out[0] = sum;
}

// Every block reads the whole buffer, beginning at another place.
extern "C" __global__ void l2_read(const float4* data, float* out, int vectors, int repeats) {
  float sum = 0;
  const int start = (int)((long long)blockIdx.x * vectors / gridDim.x) / blockDim.x * blockDim.x;
  for (int t = 0; t < repeats; ++t) {
    for (int i = 0; i < vectors; i += 4 * blockDim.x) {
      float4 r[4];
#pragma unroll
      for (int j = 0; j < 4; ++j)
        r[j] = __ldcg(data + (start + i + j * blockDim.x + threadIdx.x) % vectors);
#pragma unroll
      for (int j = 0; j < 4; ++j) sum += r[j].x + r[j].w;
    }
  }
  if (sum == 12345.678f) out[0] = sum;
}

// Every block adds to every word of the buffer, beginning at another place; no sum is waited for.
extern "C" __global__ void accumulate(float* sums, int words, int repeats) {
  const int start = (int)((long long)blockIdx.x * words / gridDim.x) / blockDim.x * blockDim.x;
  for (int t = 0; t < repeats; ++t)
    for (int i = threadIdx.x; i < words; i += blockDim.x) atomicAdd(sums + (start + i) % words, 1e-6f);
}

// One thread follows a chain of indices, one a line of 128 bytes.
extern "C" __global__ void chase(const int* next, float* out, int hops) {
  int at = 0;
  for (int i = 0; i < hops; ++i) at = __ldcg(next + (long long)at * 32);
  if (at < 0) out[0] = at;
}
