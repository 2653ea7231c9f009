#include "bench/report/json.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "bench/report/figures.hpp"
#include "domain/json/value.hpp"

namespace cued::bench {
namespace {

constexpr std::int64_t format = 1, tick_ms = 100;

/// The shortest text that reads back as the same number.
void put(json::writer& w, double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  if (std::isfinite(value))
    w.raw({text.data(), static_cast<std::size_t>(end - text.data())});
  else
    w.null();
}

void put(json::writer& w, const std::optional<double>& value) {
  if (value)
    put(w, *value);
  else
    w.null();
}

void put(json::writer& w, std::uint64_t value) { w.number(static_cast<std::int64_t>(value)); }

void put(json::writer& w, const std::vector<std::string>& texts) {
  w.begin_array();
  for (const auto& text : texts)
    w.string(text);
  w.end_array();
}

template <class Numbers>
void put_all(json::writer& w, const Numbers& numbers) {
  w.begin_array();
  for (const auto number : numbers)
    put(w, number);
  w.end_array();
}

void put(json::writer& w, const histogram& h) {
  w.begin_object();
  put(w.key("count"), h.count());
  w.key("mean_us").number(h.mean().count());
  w.key("p50_us").number(h.percentile(50).count());
  w.key("p95_us").number(h.percentile(95).count());
  w.key("p99_us").number(h.percentile(99).count());
  w.key("p99_9_us").number(h.percentile(99.9).count());
  w.key("max_us").number(h.max().count());
  w.key("steps").begin_array();
  for (const auto& step : h.steps()) {
    w.begin_array().number(step.up_to.count());
    put(w, step.count);
    w.end_array();
  }
  w.end_array().end_object();
}

void put(json::writer& w, const std::map<std::string, histogram>& by_name) {
  w.begin_object();
  for (const auto& [name, h] : by_name)
    put(w.key(name), h);
  w.end_object();
}

void put(json::writer& w, const load_shape& shape) {
  w.begin_object();
  put(w.key("connections"), shape.connections);
  put(w.key("tenants"), shape.tenants);
  w.key("seconds").number(shape.duration.count());
  w.key("warm_up_seconds").number(shape.warm_up.count());
  put(w.key("rate"), shape.rate);
  put(w.key("cues"), shape.cues);
  put(w.key("batch"), shape.batch);
  w.key("held_snapshot").boolean(shape.hold_snapshot);
  w.end_object();
}

void put(json::writer& w, const process_usage& usage) {
  w.begin_object()
      .key("cpu_us")
      .number(usage.cpu.count())
      .key("resident_bytes")
      .number(usage.resident_bytes)
      .end_object();
}

void put(json::writer& w, const database_reading& spent) {
  w.begin_object().key("commits").number(spent.commits).key("wal_bytes").number(spent.wal_bytes);
  w.key("full_page_images").number(spent.full_page_images).key("wal_syncs").number(spent.wal_syncs);
  w.key("updates").number(spent.updates).key("hot_updates").number(spent.hot_updates);
  w.key("dead_tuples").number(spent.dead_tuples).key("database_bytes").number(spent.database_bytes).end_object();
}

void put(json::writer& w, const costs& c) {
  w.begin_object();
  put(w.key("commits"), c.commits_per_operation);
  put(w.key("wal_bytes"), c.wal_bytes_per_operation);
  put(w.key("wal_syncs"), c.wal_syncs_per_operation);
  put(w.key("hot_share"), c.hot_share);
  put(w.key("server_us"), c.server_us_per_operation);
  put(w.key("postgres_us"), c.postgres_us_per_operation);
  put(w.key("load_us"), c.load_us_per_operation);
  w.end_object();
}

void put(json::writer& w, const measurement& m) {
  w.begin_object().key("scenario").string(m.scenario);
  put(w.key("shape"), m.shape);
  put(w.key("operations_per_second"), m.operations_per_second);
  put(w.key("operations"), m.operations);
  put(w.key("failures"), m.failures);
  put(w.key("latency"), m.latency);
  put(w.key("corrected_latency"), m.corrected_latency);
  put(w.key("lateness"), m.lateness);
  put_all(w.key("per_tick"), m.per_tick);
  w.key("tick_ms").number(tick_ms);
  w.key("cpu_us").begin_object().key("server").number(m.cpu.server.count());
  w.key("postgres").number(m.cpu.postgres.count()).key("load").number(m.cpu.load.count()).end_object();
  put(w.key("server_at_end"), m.server_at_end);
  put(w.key("postgres_at_end"), m.postgres_at_end);
  put(w.key("database"), m.spent);
  put(w.key("per_operation"), costs_of(m));
  w.key("figures").begin_object();
  for (const auto& [name, value] : m.figures)
    put(w.key(name), value);
  w.end_object();
  put(w.key("history_faults"), m.history_faults);
  put(w.key("remarks"), m.remarks);
  w.end_object();
}

void put(json::writer& w, const contest_result& c) {
  w.begin_object().key("title").string(c.title).key("lines").begin_array();
  for (const auto& line : c.lines) {
    w.begin_object().key("name").string(line.name);
    put_all(w.key("per_second"), line.per_second);
    put(w.key("median"), line.median);
    put(w.key("ratio_median"), line.ratio_median);
    put(w.key("ratio_low"), line.ratio_low);
    put(w.key("ratio_high"), line.ratio_high);
    w.key("unavailable").string(line.unavailable).end_object();
  }
  w.end_array().end_object();
}

void put(json::writer& w, const curve& c) {
  w.begin_object().key("title").string(c.title).key("x_name").string(c.x_name).key("y_name").string(c.y_name);
  w.key("points").begin_array();
  for (const auto& [x, y] : c.points)
    put_all(w, std::array{x, y});
  w.end_array().end_object();
}

void put(json::writer& w, const bar& b) {
  w.begin_object().key("name").string(b.name).key("wanted").string(b.wanted).key("measured").string(b.measured);
  w.key("met").boolean(b.met).key("unavailable").string(b.unavailable).end_object();
}

void put(json::writer& w, const conditions& on) {
  w.begin_object().key("begun_at").string(on.begun_at).key("processor").string(on.processor);
  put(w.key("processors"), on.processors);
  w.key("memory_bytes").number(on.memory_bytes).key("kernel").string(on.kernel).key("postgres").string(on.postgres);
  w.key("durability").string(on.durability).key("subject").string(on.subject);
  w.key("cold_start_ms").number(on.cold_start.count()).end_object();
}

template <class Things>
void put_each(json::writer& w, const Things& things) {
  w.begin_array();
  for (const auto& thing : things)
    put(w, thing);
  w.end_array();
}

} // namespace

std::string json_of(const report& all) {
  json::writer w;
  w.begin_object().key("format").number(format);
  put(w.key("conditions"), all.on);
  put_each(w.key("runs"), all.runs);
  put_each(w.key("contests"), all.contests);
  put_each(w.key("curves"), all.curves);
  put_each(w.key("bars"), all.bars);
  w.end_object();
  return std::move(w).str();
}

} // namespace cued::bench
