#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/scenarios/stored_execution.hpp"

/// What workers say, made once and copied for each request: the parts that change have a fixed length.
namespace cued::bench {

/// `0000000042`
[[nodiscard]] std::string text_of_number(std::uint32_t number);
/// `<name>0000000042` back to 42; somebody_else if it is anything but that.
[[nodiscard]] std::uint32_t read_number(std::string_view name, std::string_view text);

inline constexpr std::string_view id_hole = "$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$"; ///< where an execution's id goes
inline constexpr std::string_view number_hole = "##########"; ///< where a number with its leading zeros goes

/// A text with holes. Filling it is a copy and a few bytes.
class pattern {
public:
  explicit pattern(std::string text);
  [[nodiscard]] std::string with(const execution_key& id, std::uint32_t number) const;
  [[nodiscard]] std::string with(std::uint32_t number) const;
  void append_to(std::string& out, const execution_key& id, std::uint32_t number) const;

private:
  std::string text_;
  std::vector<std::size_t> ids_, numbers_;
};

/// What one tenant's workers send. The number is the worker's in a claim and the report's in an outcome.
struct work_requests {
  explicit work_requests(std::string_view api_key);
  pattern claim_by_id, claim_next, outcome_by_id;
};

/// `{"worker_id":…,"max":…}` for POST /v1/executions/claim-batch.
[[nodiscard]] std::string batch_claim_body(std::uint32_t worker, std::size_t at_most);
/// One member of `outcomes` for POST /v1/executions/outcome-batch: about 190 bytes.
[[nodiscard]] const pattern& batch_outcome_item();
/// How Postgres prints the metadata of such a report.
[[nodiscard]] std::string metadata_as_stored(std::uint32_t report);

/// The value of the next member `execution_id` in a JSON text from `at`, which moves behind it; empty: there is none.
/// Relies on ids having no escapes, so that no JSON needs to be parsed.
[[nodiscard]] std::string_view next_execution_id(std::string_view json, std::size_t& at);

} // namespace cued::bench
