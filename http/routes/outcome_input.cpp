#include "http/routes/outcome_input.hpp"

#include "security/url.hpp"

namespace cued::http {
namespace {

/// What is empty is no evidence: it neither counts for the verdict nor overwrites a column.
std::optional<std::string> not_empty(std::optional<std::string> text) {
  return text && text->empty() ? std::nullopt : std::move(text);
}

/// The normal form of an http or https URL.
std::optional<std::string> result_url_in(object_reader& outcome) {
  const auto text = outcome.optional_text("result_url");
  if (!text)
    return std::nullopt;
  auto url = security::normalise_url(*text);
  if (!url) {
    outcome.reject("result_url", url.error().message);
    return std::nullopt;
  }
  return std::move(url->text);
}

} // namespace

actors::outcome_report read_outcome(object_reader& outcome) {
  actors::outcome_report report;
  report.success = outcome.boolean("success");
  report.result = outcome.optional_text("result", {.length_max = output_length_max});
  report.error = outcome.optional_text("error", {.length_max = output_length_max});
  if (const auto* metadata = outcome.free_object("metadata")) {
    report.metadata_too_large = json::spaced_size(*metadata, json::charset::ascii) > metadata_bytes_max;
    if (!report.metadata_too_large)
      report.metadata_json = json::compact(*metadata);
  }
  report.external_id = not_empty(outcome.optional_text("external_id", {.length_max = external_id_length_max}));
  report.result_url = result_url_in(outcome);
  report.result_ref = not_empty(outcome.optional_text("result_ref", {.length_max = result_ref_length_max}));
  report.result_type = not_empty(outcome.optional_text("result_type", {.length_max = result_type_length_max}));
  report.summary = not_empty(outcome.optional_text("summary", {.length_max = summary_length_max}));
  if (const auto* artifacts = outcome.free_list("artifacts"); artifacts && !artifacts->items().empty())
    report.artifacts_json = json::compact(*artifacts);
  return report;
}

} // namespace cued::http
