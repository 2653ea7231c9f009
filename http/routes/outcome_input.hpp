#pragma once

#include <cstddef>

#include "actors/engine.hpp"
#include "http/validation/readers.hpp"

/// What a handler says about an execution, as it is sent alone or as one of many. Source: spec/executions.md §5.
namespace cued::http {

// In characters.
/// The published worker sends up to 4096 characters of output as `result` or `error` and drops an outcome that is
/// refused, so these two take more than the 2000 of the reference (spec/executions.md §5 COMPAT). All is stored.
inline constexpr std::size_t output_length_max = 8192;
inline constexpr std::size_t external_id_length_max = 500;
inline constexpr std::size_t result_ref_length_max = 500;
inline constexpr std::size_t result_type_length_max = 100;
inline constexpr std::size_t summary_length_max = 500;

inline constexpr std::size_t metadata_bytes_max = 10'240; ///< ASCII-escaped, with `, ` and `: `

/// Everything but whose it is and which execution it is about. Problems are noted in `outcome`.
[[nodiscard]] actors::outcome_report read_outcome(object_reader& outcome);

} // namespace cued::http
