/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan_json.h"

static void put_case(bl_json *j, const bl_plan_case *c) {
    bl_json_object(j, NULL);
    bl_json_count(j, "depth", c->c.depth);
    bl_json_number(j, "width", c->c.width);
    bl_json_count(j, "dimension", c->c.dimension);
    bl_json_integer(j, "units", c->units);
    bl_json_count(j, "networks_per_unit", c->networks);
    bl_json_count(j, "inputs_per_unit", c->inputs);
    bl_json_number(j, "multiply_adds", c->multiply_adds);
    bl_json_number(j, "seconds_per_unit", c->seconds_per_unit);
    bl_json_end(j);
}

static void put_forecast(bl_json *j, const bl_plan_forecast *f) {
    bl_json_object(j, NULL);
    bl_json_count(j, "ranks", f->ranks);
    bl_json_number(j, "seconds", f->seconds);
    bl_json_number(j, "seconds_units", f->phases.units);
    bl_json_number(j, "seconds_kernels", f->phases.kernels);
    bl_json_number(j, "seconds_summary", f->phases.summary);
    bl_json_number(j, "efficiency", f->efficiency);
    bl_json_number(j, "efficiency_units", f->units_efficiency);
    bl_json_end(j);
}

static void put_times(bl_json *j, const bl_plan *plan) {
    bl_json_object(j, "times");
    bl_json_text(j, "source", plan->options.times ? plan->options.times : "this machine");
    bl_json_count(j, "cases", plan->rates.count);
    bl_json_number(j, "scatter", plan->scatter);
    bl_json_end(j);
}

void bl_plan_json(bl_json *j, const bl_plan *plan) {
    const bl_config *config = plan->grid->config;
    bl_json_text(j, "kind", "sweep");
    bl_json_text(j, "name", config->name);
    bl_json_integer(j, "units", plan->grid->units);
    bl_json_count(j, "networks", config->networks);
    bl_json_count(j, "inputs", bl_config_inputs(config));
    bl_json_bool(j, "trains", config->training.set != BL_TRAINING_NONE);
    bl_json_number(j, "seconds_one_core", plan->seconds_one_core);
    bl_json_number(j, "seconds_longest_unit", plan->seconds_longest);
    bl_json_number(j, "ranks_with_work", plan->ranks_with_work);
    bl_json_count(j, "memory_per_rank", plan->bytes_program + plan->bytes_case);
    bl_json_number(j, "file_bytes", plan->bytes_file);
    bl_json_number(j, "file_bytes_per_rank", plan->bytes_checkpoints);
    bl_json_count(j, "ranks_per_node", plan->options.ranks_per_node);
    put_times(j, plan);
    bl_json_array(j, "forecast");
    for (size_t i = 0; i < plan->forecasts; i++)
        put_forecast(j, &plan->forecast[i]);
    bl_json_end(j);
    bl_json_array(j, "cases");
    for (size_t i = 0; i < plan->grid->cases; i++)
        put_case(j, &plan->cases[i]);
    bl_json_end(j);
}
