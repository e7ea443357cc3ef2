// Two steps of a layer that engines run as one kernel each; torch has none for them.
// bf16 is the upper half of fp32.

__device__ float wide(unsigned short word) { return __uint_as_float((unsigned int)word << 16); }

__device__ unsigned short narrow(float value) {
  unsigned int bits = __float_as_uint(value);
  return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// rows: batch x (heads + 2 groups) x width -> query: batch x heads x width, and
// keys_values: 2 x batch x groups x width. Queries and keys are rotated, elements i and
// i + width/2 as one pair; values are copied. A thread makes two neighbouring pairs.
extern "C" __global__ void rotated(const unsigned short* rows, const float* cosine,
                                   const float* sine, unsigned short* query,
                                   unsigned short* keys_values, int batch, int heads, int groups,
                                   int width) {
  int half = width / 2, each = half / 2, vectors = heads + 2 * groups;
  int thread = blockIdx.x * blockDim.x + threadIdx.x;
  if (thread >= batch * vectors * each) return;
  int i = 2 * (thread % each), vector = thread / each % vectors, row = thread / each / vectors;
  const unsigned short* from = rows + ((long long)row * vectors + vector) * width;
  unsigned short* to;
  if (vector < heads) {
    to = query + ((long long)row * heads + vector) * width;
  } else {
    int value = vector >= heads + groups, group = (vector - heads) % groups;
    to = keys_values + (((long long)value * batch + row) * groups + group) * width;
  }
  ushort2 low = *(const ushort2*)(from + i), high = *(const ushort2*)(from + i + half);
  if (vector < heads + groups) {
    float2 c = *(const float2*)(cosine + i), s = *(const float2*)(sine + i);
    float a = wide(low.x), b = wide(low.y), d = wide(high.x), e = wide(high.y);
    low = make_ushort2(narrow(a * c.x - d * s.x), narrow(b * c.y - e * s.y));
    high = make_ushort2(narrow(d * c.x + a * s.x), narrow(e * c.y + b * s.y));
  }
  *(ushort2*)(to + i) = low;
  *(ushort2*)(to + i + half) = high;
}

__device__ unsigned short passed(unsigned short gate, unsigned short up) {
  float value = wide(gate);
  return narrow(value / (1.0f + __expf(-value)) * wide(up));
}

// rows: batch x 2 x width (gate, then up) -> made: batch x width, silu(gate) * up. A thread makes
// four neighbouring elements.
extern "C" __global__ void gated(const unsigned short* rows, unsigned short* made, int batch,
                                 int width) {
  int each = width / 4, thread = blockIdx.x * blockDim.x + threadIdx.x;
  if (thread >= batch * each) return;
  long long row = thread / each, i = 4 * (thread % each);
  ushort4 g = *(const ushort4*)(rows + row * 2 * width + i);
  ushort4 u = *(const ushort4*)(rows + (row * 2 + 1) * width + i);
  *(ushort4*)(made + row * width + i) =
      make_ushort4(passed(g.x, u.x), passed(g.y, u.y), passed(g.z, u.z), passed(g.w, u.w));
}
