#include "http/routes/execution_lookup.hpp"

#include "http/routes/execution_json.hpp"

namespace cued::http {
namespace {

constexpr std::size_t bytes_of_most = 1'200; // an execution without evidence, its outcome of a line or two

result<std::string> written(const persistence::found_execution& found) {
  if (!found)
    return fail(persistence::execution_not_found());
  json::writer w{bytes_of_most};
  write_execution(w, *found);
  return std::move(w).str();
}

result<std::vector<result<std::string>>> read_and_write(persistence::connection& link,
                                                        std::span<const persistence::execution_key> asked) {
  const auto found = persistence::find_executions(link, asked);
  if (!found)
    return fail(found.error());
  std::vector<result<std::string>> out;
  out.reserve(found->size());
  for (const auto& one : *found)
    out.push_back(written(one));
  return out;
}

} // namespace

execution_lookup::execution_lookup(persistence::pool& database) : reader_{database, read_and_write} {}

} // namespace cued::http
