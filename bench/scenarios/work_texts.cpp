#include "bench/scenarios/work_texts.hpp"

#include <charconv>

#include "bench/load/http_load.hpp"

namespace cued::bench {
namespace {

constexpr std::size_t id_length = id_hole.size();

void write_number(std::uint32_t number, char* out) {
  for (std::size_t i = digits_of_a_number; i-- > 0; number /= 10)
    out[i] = static_cast<char>('0' + number % 10);
}

std::vector<std::size_t> places_of(std::string_view hole, std::string_view text) {
  std::vector<std::size_t> out;
  for (auto at = text.find(hole); at != std::string_view::npos; at = text.find(hole, at + hole.size()))
    out.push_back(at);
  return out;
}

std::string hole(std::string_view of) { return std::string{of}; }

/// About 100 bytes, what a handler has to say for itself: a line for people and a few figures.
std::string report_members() {
  return R"("success":true,"result":")" + hole(report_name) + hole(number_hole) +
         R"(","metadata":{"rows":1024,"report":")" + hole(number_hole) + R"(","duration_ms":87})";
}

std::string claim_body() { return R"({"worker_id":")" + hole(worker_name) + hole(number_hole) + R"("})"; }

} // namespace

std::string text_of_number(std::uint32_t number) {
  std::string text(digits_of_a_number, '0');
  write_number(number, text.data());
  return text;
}

std::uint32_t read_number(std::string_view name, std::string_view text) {
  if (text.size() != name.size() + digits_of_a_number || !text.starts_with(name))
    return somebody_else;
  std::uint32_t number = nobody;
  const auto [end, failed] = std::from_chars(text.data() + name.size(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size() && number != nobody ? number : somebody_else;
}

pattern::pattern(std::string text)
    : text_{std::move(text)}, ids_{places_of(id_hole, text_)}, numbers_{places_of(number_hole, text_)} {}

void pattern::append_to(std::string& out, const execution_key& id, std::uint32_t number) const {
  const auto begin = out.size();
  out += text_;
  for (const auto at : ids_)
    write_execution_key(id, out.data() + begin + at);
  for (const auto at : numbers_)
    write_number(number, out.data() + begin + at);
}

std::string pattern::with(const execution_key& id, std::uint32_t number) const {
  std::string out;
  append_to(out, id, number);
  return out;
}

std::string pattern::with(std::uint32_t number) const { return with({}, number); }

work_requests::work_requests(std::string_view api_key)
    : claim_by_id{post_request("/v1/executions/" + hole(id_hole) + "/claim", api_key, claim_body())},
      claim_next{post_request("/v1/executions/claim", api_key, claim_body())},
      outcome_by_id{
          post_request("/v1/executions/" + hole(id_hole) + "/outcome", api_key, "{" + report_members() + "}")} {}

std::string batch_claim_body(std::uint32_t worker, std::size_t at_most) {
  return R"({"worker_id":")" + hole(worker_name) + text_of_number(worker) + R"(","max":)" + std::to_string(at_most) +
         "}";
}

const pattern& batch_outcome_item() {
  static const pattern item{R"({"execution_id":")" + hole(id_hole) + R"(",)" + report_members() + "}"};
  return item;
}

std::string metadata_as_stored(std::uint32_t report) {
  return R"({"rows": 1024, "report": ")" + text_of_number(report) + R"(", "duration_ms": 87})";
}

std::string_view next_execution_id(std::string_view json, std::size_t& at) {
  constexpr std::string_view member = R"("execution_id")";
  at = json.find(member, at);
  if (at == std::string_view::npos)
    return {};
  at = json.find('"', at + member.size()); // behind the colon
  if (at == std::string_view::npos || json.size() - at < id_length + 2)
    return {};
  const auto id = json.substr(at + 1, id_length);
  at += 1 + id_length;
  return id;
}

} // namespace cued::bench
