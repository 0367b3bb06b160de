// SPDX-License-Identifier: BSL-1.0
// Gophers burn books: the program arranges four jobs in ten ways, and prints how long each takes.
// main.go is the same program in Go; both print expected.txt, but in Go real time passes.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <functional>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using units = std::chrono::duration<double>;  // in which costs are given

struct cart {
    int book = 0;
};

// A road leads from a pile or a dump to a dump or a fire; its own carts go to and fro.
struct road {
    struct site& on;
    const char *from_name, *to_name;
    heddle::receiver<int> from;
    heddle::sender<int> to;
    std::array<heddle::duration, 4> cost;  // of each job
    heddle::channel<cart> empty, full, there, back;
    std::array<heddle::channel<>, 4> room;  // one gopher at a time at either end

    std::array<int, 4> doing = {};  // the number of gophers, by job
    std::array<std::size_t, 4> waiting = {};
    std::array<std::deque<heddle::time_point>, 4> since = {};  // when each began
    std::size_t unloaded = 0;
};

// A core is a permit to work. Sleep alone is not work: any number can sleep at once.
struct site {
    heddle::channel<> cores;
    int gophers = 0, working = 0, most_working = 0;
    std::deque<road> roads = {};
    heddle::wait_group home = {};
};

enum job { loader, mover, unloader, returner };

heddle::task<> work(road& r, job j) {
    ++r.waiting[j];
    co_await r.room[j].send();  // "I am at the pile"
    co_await r.on.cores.send();
    --r.waiting[j];
    r.since[j].push_back(heddle::now());
    r.on.most_working = std::max(r.on.most_working, ++r.on.working);
    co_await heddle::sleep(r.cost[j]);
    --r.on.working;
    r.since[j].pop_front();
    co_await r.on.cores.receive();
    co_await r.room[j].receive();
}

heddle::task<bool> load(road& r) {
    auto book = co_await r.from.receive();
    if (!book)
        co_return false;
    auto c = co_await r.empty.receive();
    c->book = *book;
    co_await work(r, loader);
    co_await r.full.send(*c);
    co_return true;
}

heddle::task<bool> move(road& r) {
    auto c = co_await r.full.receive();
    if (!c)
        co_return false;
    co_await work(r, mover);
    co_await r.there.send(*c);
    co_return true;
}

heddle::task<bool> unload(road& r) {
    auto c = co_await r.there.receive();
    if (!c)
        co_return false;
    co_await work(r, unloader);
    ++r.unloaded;
    co_await r.to.send(c->book);
    co_await r.back.send(*c);
    co_return true;
}

heddle::task<bool> bring_back(road& r) {
    auto c = co_await r.back.receive();
    if (!c)
        co_return false;
    co_await work(r, returner);
    co_await r.empty.send(*c);
    co_return true;
}

constexpr heddle::task<bool> (*procedure[])(road&) = {load, move, unload, bring_back};

// A gopher does its jobs in turn until one is over. The last gopher with a job closes the channels
// that the job fills.
heddle::task<> gopher(road& r, std::vector<job> jobs) {
    for (std::size_t i = 0; co_await procedure[jobs[i]](r);)
        i = (i + 1) % jobs.size();
    for (job j : jobs) {
        if (--r.doing[j] > 0)
            continue;
        if (j == loader)
            r.full.close();
        if (j == mover)
            r.there.close();
        if (j == unloader) {
            r.to.close();
            r.back.close();
        }
    }
}

struct design {
    std::string name;
    int copies;  // each with a pile and a fire
    int roads;   // of each copy, one after the other, with a dump between two
    std::vector<std::vector<job>> team;  // on each road: the jobs of each gopher
    int spare = 0;  // carts at the far end, for gophers that go to and fro
};

const std::vector<job> all{loader, mover, unloader, returner};
const std::vector<std::vector<job>> each{{loader}, {mover}, {unloader}, {returner}};
const design designs[] = {
    {"1", 1, 1, {all}},        // one gopher does it all
    {"2m", 1, 1, {all, all}},  // two such gophers, who meet at pile and fire
    {"2x", 2, 1, {all}},       // two copies of that
    {"3", 1, 1, {{loader}, {mover, returner}, {unloader}}, 1},
    {"4", 1, 1, each},    // one more gopher for the empty carts
    {"8", 2, 1, each},    // two copies of that
    {"2d", 1, 2, {all}},  // two gophers with a dump
    {"4d", 2, 2, {all}},  // two copies of that
    {"8d", 1, 2, each},   // four gophers, a dump, four gophers
    {"16", 2, 2, each},   // two copies of that
};

struct settings {
    int books = 100, carts = 8;  // the carts are on each road
    std::vector<double> cost{1, 1, 1, 1};
    heddle::duration unit = 100ms;
    bool draw = false;
};

heddle::task<> open_road(site& s, const design& d, int nth, heddle::receiver<int> from,
                         heddle::sender<int> to, const settings& set) {
    auto costs = [&](job j) {
        double part = j == mover || j == returner ? 1.0 / d.roads : 1;
        return std::chrono::duration_cast<heddle::duration>(set.cost[j] * part *
                                                            set.unit);
    };
    using carts = heddle::channel<cart>;
    int n = set.carts;
    auto& r = s.roads.emplace_back(road{
        s,
        nth == 1 ? "pile" : "dump",
        nth == d.roads ? "fire" : "dump",
        from,
        to,
        {costs(loader), costs(mover), costs(unloader), costs(returner)},
        carts(n),
        carts(n),
        carts(n),
        carts(n),
        {heddle::channel<>(1), heddle::channel<>(n), heddle::channel<>(1),
         heddle::channel<>(n)},
    });
    int spare = std::min(d.spare, n - 1);
    for (int i = 0; i < n; ++i)
        co_await (i < spare ? r.back : r.empty).emplace();
    for (auto& jobs : d.team) {
        ++s.gophers;
        for (job j : jobs)
            ++r.doing[j];
        s.home.go(gopher, std::ref(r), jobs);
    }
}

struct outcome {
    std::vector<int> burnt;  // how often each book was burnt
    double last_burn = 0, all_home = 0;
    int gophers = 0, most_working = 0;
};

heddle::task<> fire(heddle::receiver<int> books, std::function<double()> clock,
                    outcome& result) {
    while (auto book = co_await books.receive()) {
        ++result.burnt[static_cast<std::size_t>(*book)];
        result.last_burn = clock();
    }
}

// Draws the gophers on a road, each at its place; a gopher that waits for a core sleeps at the
// beginning of the road.
std::string on_road(const road& r, job j, const char* asleep, const char* walks) {
    constexpr std::size_t places = 15;
    std::string lane(2 * places, ' ');
    auto put = [&](const char* gopher, heddle::duration done) {
        auto at = static_cast<std::size_t>((places - 1) * done / r.cost[j]);
        at = j == mover ? at : places - 1 - at;
        while (lane[2 * at] != ' ')
            at = (at + 1) % places;
        lane[2 * at] = gopher[0];
        lane[2 * at + 1] = gopher[1];
    };
    for (auto began : r.since[j])
        put(walks, std::min(heddle::now() - began, r.cost[j]));
    for (std::size_t i = 0; i < r.waiting[j]; ++i)
        put(asleep, 0s);
    return lane;
}

std::string at_end(const road& r, job j, char works) {
    return std::string(r.since[j].size(), works) + std::string(r.waiting[j], 'z');
}

void picture(const site& s, double time) {
    const char* end = isatty(STDOUT_FILENO) ? "\x1b[K\n" : "\n";
    std::printf("at %.3f: %d of %d gophers work%s", time, s.working, s.gophers, end);
    for (const road& r : s.roads) {
        bool burns = r.to_name == std::string("fire");
        std::printf("%s %4zu %3zuo %3zu# %2s|%s|%-2s %3zu# %3zuo %4zu %s%s",
                    r.from_name, r.from.size(), r.empty.size(), r.full.size(),
                    at_end(r, loader, 'L').c_str(),
                    on_road(r, mover, "z#", "g#").c_str(),
                    at_end(r, unloader, 'U').c_str(), r.there.size(), r.back.size(),
                    burns ? r.unloaded : r.to.size(), r.to_name, end);
        std::printf("%22s|%s|%s", "", on_road(r, returner, "oz", "og").c_str(), end);
    }
    std::fflush(stdout);
}

// Draws four pictures in a unit of time, never at a moment when jobs of quarter units end.
heddle::task<> draw(const site& s, heddle::duration unit, std::function<double()> clock,
                    heddle::done_token done) {
    co_await heddle::sleep(unit / 8);
    for (std::size_t went_on = 1; went_on;) {
        picture(s, clock());
        went_on = co_await heddle::select(done, heddle::after(unit / 4));
        if (isatty(STDOUT_FILENO))
            std::printf("\x1b[%zuA", 1 + 2 * s.roads.size());
    }
    picture(s, clock());
}

heddle::task<outcome> burn(const design& d, int cores, const settings& set) {
    site s{heddle::channel<>(cores)};
    outcome result;
    result.burnt.resize(static_cast<std::size_t>(set.books));
    auto clock = [start = heddle::now(), unit = set.unit] {
        return (heddle::now() - start) / units(unit);
    };
    int book = 0;
    for (int copy = 1; copy <= d.copies; ++copy) {
        heddle::channel<int> from(set.books);
        while (book < set.books * copy / d.copies)
            co_await from.send(book++);
        from.close();
        for (int nth = 1; nth < d.roads; ++nth) {
            heddle::channel<int> dump(set.books);
            co_await open_road(s, d, nth, from, dump, set);
            from = dump;
        }
        heddle::channel<int> to;
        co_await open_road(s, d, d.roads, from, to, set);
        s.home.go(fire, to, clock, std::ref(result));
    }
    heddle::done_source done;
    heddle::join_handle<> drawing;
    if (set.draw)
        drawing = heddle::go(draw, std::ref(s), set.unit, clock, done.token());
    co_await s.home.wait();
    result.all_home = clock();
    result.gophers = s.gophers;
    result.most_working = s.most_working;
    done.close();
    if (set.draw)
        co_await drawing;
    co_return result;
}

heddle::task<> burn_all(std::string name, std::vector<int> cores, settings set) {
    std::printf(
        "design cores gophers  most at work  burnt once  last burn  all home\n");
    for (auto& d : designs) {
        if (!name.empty() && name != d.name)
            continue;
        for (int n : cores) {
            auto o = co_await burn(d, n, set);
            auto once = std::count(o.burnt.begin(), o.burnt.end(), 1);
            std::printf("%-6s %5d %7d %13d %11td %10.6g %9.6g\n", d.name.c_str(), n,
                        o.gophers, o.most_working, once, o.last_burn, o.all_home);
        }
    }
}

int main(int argc, char** argv) {
    const char* usage =
        "gophers [--design 1|2m|2x|3|4|8|2d|4d|8d|16] [--cores N,...] [--books N]\n"
        "               [--carts N] [--cost LOAD,MOVE,UNLOAD,RETURN] [--draw] [--unit "
        "MS]";
    std::string name;
    std::vector<int> cores{16, 1};
    settings set;
    int ms = 100;
    read_options(argc, argv, usage,
                 {{"design", name},
                  {"cores", cores},
                  {"books", set.books, 1, 100'000},
                  {"carts", set.carts, 1, 100'000},
                  {"cost", set.cost},
                  {"draw", set.draw},
                  {"unit", ms, 1, 10'000}});
    auto named = [&](const design& d) { return name.empty() || d.name == name; };
    auto from = [](auto least) {
        return [=](auto number) { return number >= least && number <= 1000; };
    };
    if (std::none_of(std::begin(designs), std::end(designs), named) ||
        set.cost.size() != 4 ||
        !std::all_of(set.cost.begin(), set.cost.end(), from(.001)) ||
        !std::all_of(cores.begin(), cores.end(), from(1)))
        wrong_usage(usage);
    set.unit = ms * 1ms;
    heddle::run({.virtual_clock = !set.draw}, burn_all(name, cores, set));
}
