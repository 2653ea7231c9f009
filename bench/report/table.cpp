#include "bench/report/table.hpp"

#include <algorithm>
#include <map>

#include "bench/report/figures.hpp"

namespace cued::bench {
namespace {

using rows = std::vector<std::vector<std::string>>;

constexpr const char* indent = "  ";

/// Characters on the screen: bytes of UTF-8 but for those that continue a character.
std::size_t width_of(const std::string& text) {
  constexpr unsigned char continuation_mask = 0xC0, continuation = 0x80;
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & continuation_mask) != continuation;
  }));
}

std::vector<std::string> latency_row(const std::string& name, const histogram& h) {
  return {name,
          short_number(static_cast<double>(h.count())),
          short_duration(h.percentile(50)),
          short_duration(h.percentile(95)),
          short_duration(h.percentile(99)),
          short_duration(h.percentile(99.9)),
          short_duration(h.max())};
}

std::string latency_table(const measurement& m) {
  rows out{{"", "count", "p50", "p95", "p99", "p99.9", "max"}};
  for (const auto& [kind, h] : m.latency)
    out.push_back(latency_row(kind, h));
  if (m.shape.rate == 0) // where requests are planned, latencies are from the planned instant already
    for (const auto& [kind, h] : m.corrected_latency)
      out.push_back(latency_row(kind + ", corrected", h));
  for (const auto& [stage, h] : m.lateness)
    out.push_back(latency_row("late " + stage, h));
  return out.size() == 1 ? "" : aligned(out);
}

void add(std::string& line, const std::string& name, const std::optional<double>& value) {
  if (value)
    line += (line.empty() ? "" : ", ") + short_number(*value) + " " + name;
}

std::string cost_lines(const measurement& m) {
  const auto c = costs_of(m);
  std::string database, processor, memory;
  add(database, "commits", c.commits_per_operation);
  if (c.wal_bytes_per_operation)
    database += ", " + short_bytes(*c.wal_bytes_per_operation) + " of WAL";
  add(database, "WAL syncs", c.wal_syncs_per_operation);
  if (c.hot_share)
    database += ", " + short_number(*c.hot_share * 100) + " % of updates HOT";
  add(processor, "µs server", c.server_us_per_operation);
  add(processor, "µs Postgres", c.postgres_us_per_operation);
  add(processor, "µs load", c.load_us_per_operation);
  if (m.server_at_end.resident_bytes > 0)
    memory = "server " + short_bytes(static_cast<double>(m.server_at_end.resident_bytes)) + ", Postgres " +
             short_bytes(static_cast<double>(m.postgres_at_end.resident_bytes));
  if (m.spent.database_bytes > 0)
    memory += (memory.empty() ? "" : "; ") + ("database " + short_bytes(static_cast<double>(m.spent.database_bytes))) +
              ", " + short_number(static_cast<double>(m.spent.dead_tuples)) + " dead tuples";
  std::string out;
  for (const auto& [name, line] :
       {std::pair{"per operation: ", database}, {"processor per operation: ", processor}, {"at the end: ", memory}})
    if (!line.empty())
      out += indent + std::string{name} + line + "\n";
  return out;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string shape_text(const load_shape& s) {
  auto out = std::to_string(s.connections) + " connections, " + std::to_string(s.tenants) + " tenants, " +
             std::to_string(s.duration.count()) + " s";
  if (s.rate > 0)
    out += ", " + short_number(s.rate) + " planned/s";
  return s.hold_snapshot ? out + ", a snapshot held" : out;
}

} // namespace

std::string aligned(const rows& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table)
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::string out;
  for (const auto& row : table) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (i == 0 ? row[i] + gap : gap + row[i]);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string text_of(const measurement& m) {
  std::string out =
      m.scenario + ": " + short_number(m.operations_per_second) + " operations/s (" + shape_text(m.shape) + ")\n";
  out += latency_table(m) + cost_lines(m);
  for (const auto& [name, value] : m.figures)
    out += indent + name + ": " + short_number(value) + "\n";
  if (m.failures > 0)
    out += indent + std::to_string(m.failures) + " FAILURES\n";
  for (const auto& remark : m.remarks)
    out += indent + std::string{"remark: "} + remark + "\n";
  out += indent + std::string{m.history_faults.empty() ? "history: sound\n" : "history: FAULTY\n"};
  for (const auto& fault : m.history_faults)
    out += indent + std::string{indent} + fault + "\n";
  return out;
}

std::string text_of(const contest_result& c) {
  rows table{{"", "per second", "rounds", "first/this", "low", "high"}};
  for (const auto& line : c.lines)
    if (line.unavailable.empty())
      table.push_back({line.name, short_number(line.median), std::to_string(line.per_second.size()),
                       short_number(line.ratio_median), short_number(line.ratio_low), short_number(line.ratio_high)});
    else
      table.push_back({line.name + " did not take part: " + line.unavailable});
  return c.title + "\n" + aligned(table);
}

std::string text_of(const curve& c) {
  rows table{{c.x_name, c.y_name}};
  for (const auto& [x, y] : c.points)
    table.push_back({short_number(x), short_number(y)});
  return c.title + "\n" + aligned(table);
}

std::string text_of(const std::vector<bar>& bars) {
  rows table{{"bar", "wanted", "measured", ""}};
  for (const auto& b : bars)
    table.push_back({b.name, b.wanted, b.unavailable.empty() ? b.measured : b.unavailable,
                     b.unavailable.empty() ? (b.met ? "met" : "MISSED") : "NOT MEASURED"});
  return aligned(table);
}

std::string text_of(const conditions& on) {
  auto out = on.begun_at + ", " + on.processor + " (" + std::to_string(on.processors) + " processors, " +
             short_bytes(static_cast<double>(on.memory_bytes)) + "), " + on.kernel + ", Postgres " + on.postgres +
             " (" + on.durability + "), " + on.subject;
  if (on.cold_start.count() > 0)
    out += ", started in " + std::to_string(on.cold_start.count()) + " ms";
  return out + "\n";
}

std::string text_of_repetitions(const std::vector<measurement>& runs) {
  std::map<std::string, std::vector<double>> by_scenario;
  for (const auto& run : runs)
    by_scenario[run.scenario].push_back(run.operations_per_second);
  rows table{{"medians", "runs", "operations/s", "low", "high"}};
  for (const auto& [name, values] : by_scenario)
    if (values.size() > 1)
      table.push_back({name, std::to_string(values.size()), short_number(median_of(values)),
                       short_number(*std::min_element(values.begin(), values.end())),
                       short_number(*std::max_element(values.begin(), values.end()))});
  return table.size() == 1 ? "" : aligned(table);
}

} // namespace cued::bench
