// In the manner of CUTLASS: shapes, layouts and pipelines are types, and one kernel is many.
#include "common.h"

#include <cstddef>
#include <type_traits>
#include <utility>

template <int M_, int N_, int K_> struct Shape {
    static constexpr int M = M_, N = N_, K = K_;
};

struct RowMajor {
    template <class Tile> __device__ static constexpr int at(int row, int column)
    {
        return row * Tile::N + column;
    }
};

struct ColumnMajor {
    template <class Tile> __device__ static constexpr int at(int row, int column)
    {
        return column * Tile::M + row;
    }
};

template <class Element, class Tile, class Layout> struct Fragment {
    Element data[Tile::M * Tile::N];

    template <int Row, int Column> __device__ Element &at()
    {
        return data[Layout::template at<Tile>(Row, Column)];
    }
};

template <class Function, int... I> __device__ void unrolled(Function function, std::integer_sequence<int, I...>)
{
    (function(std::integral_constant<int, I>()), ...);
}

struct Linear {
    template <class T> __device__ T operator()(T value) const
    {
        return value + T(1); // edit: device
    }
};

struct Rectified {
    template <class T> __device__ T operator()(T value) const
    {
#if __CUDA_ARCH__ >= 900
        value = value * T(1); // edit: newest
#endif
        return value > T(0) ? scaled(value) : T(0);
    }
};

template <class Element, class Tile, class LayoutA, class LayoutB, class Epilogue> struct Multiply {
    __device__ void operator()(Element *out, const Element *a, const Element *b) const
    {
        Fragment<Element, Tile, RowMajor> sums = {};

        unrolled(
            [&](auto row) {
                unrolled(
                    [&](auto column) {
                        constexpr int m = decltype(row)::value, n = decltype(column)::value;

                        for (int k = 0; k < Tile::K; k++)
                            sums.template at<m, n>() +=
                                a[LayoutA::template at<Shape<Tile::M, Tile::K, 1>>(m, k)] *
                                b[LayoutB::template at<Shape<Tile::K, Tile::N, 1>>(k, n)];
                    },
                    std::make_integer_sequence<int, Tile::N>());
            },
            std::make_integer_sequence<int, Tile::M>());
        for (int i = 0; i < Tile::M * Tile::N; i++)
            out[i] = Epilogue()(sums.data[i]);
    }
};

template <class Operation, class Element> __global__ void device_kernel(Element *out, const Element *a, const Element *b)
{
    Operation()(out + threadIdx.x, a, b);
}

template <class Element, class Tile, class LayoutA, class LayoutB, class Epilogue>
void launch(Element *out, const Element *a, const Element *b)
{
    using Operation = Multiply<Element, Tile, LayoutA, LayoutB, Epilogue>;
#ifndef __CUDA_ARCH__
    const int threads = 32; // edit: guarded host
#else
    const int threads = 1;
#endif
    device_kernel<Operation><<<1, threads>>>(out + 0, a, b); // edit: host
}

template <class Element, class Tile, class Epilogue> void all_layouts(Element *out, const Element *a, const Element *b)
{
    launch<Element, Tile, RowMajor, RowMajor, Epilogue>(out, a, b);
    launch<Element, Tile, RowMajor, ColumnMajor, Epilogue>(out, a, b);
    launch<Element, Tile, ColumnMajor, RowMajor, Epilogue>(out, a, b);
}

void run(float *out, const float *a, const float *b, double *wide, const double *wide_a, const double *wide_b)
{
    all_layouts<float, Shape<4, 4, 8>, Linear>(out, a, b);
    all_layouts<float, Shape<8, 4, 4>, Rectified>(out, a, b);
    all_layouts<double, Shape<4, 8, 4>, Linear>(wide, wide_a, wide_b);
    all_layouts<double, Shape<2, 4, 8>, Rectified>(wide, wide_a, wide_b);
}
