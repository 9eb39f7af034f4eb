/* SPDX-License-Identifier: BSD-3-Clause */
#include "pass_float64.h"

#include "layer.h"
#ifdef BORDERLINE_MKL
#include <mkl_cblas.h>
#else
#include <cblas.h>
#endif

void bl_dense_forward64(const bl_layer *layer, size_t rows, const double *x, double *y, double *panel) {
    const size_t inputs = layer->inputs, outputs = layer->outputs;
    for (size_t first = 0; first < outputs; first += BL_PANEL_ROWS) {
        const size_t count = outputs - first < BL_PANEL_ROWS ? outputs - first : BL_PANEL_ROWS;
        const float *weight = layer->weight + first * inputs;
        for (size_t i = 0; i < count * inputs; i++)
            panel[i] = (double)weight[i];
        for (size_t r = 0; r < rows; r++)
            for (size_t o = first; o < first + count; o++)
                y[r * outputs + o] = layer->bias ? (double)layer->bias[o] : 0.0;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)count, (int)inputs, 1.0, x,
                    (int)inputs, panel, (int)inputs, 1.0, y + first, (int)outputs);
    }
}
